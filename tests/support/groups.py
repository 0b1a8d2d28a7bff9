"""Graded tables of people in groups, and what the rules' own examples publish of them."""

import pandas as pd


def graded_frame(people):
    """A graded table of one answer a person, with what else each is to have."""
    rows = [
        {
            "candidate": f"c{i}",
            "question_id": "dropout",
            "answer": "An answer.",
            "grade_score": 1.0,
            "grade_points": None,
            "grade_max_points": 10,
            "grade_confidence": 0.9,
            "grade_needs_review": False,
            "grade_error": "",
            **person,
        }
        for i, person in enumerate(people)
    ]
    return pd.DataFrame(rows)


def people(hits, n, yes, no, **more):
    """``n`` people, of whom ``hits`` are one way and the others another."""
    return [{**more, **(yes if i < hits else no)} for i in range(n)]


NAMES = (
    "Hispanic or Latino",
    "White",
    "Black or African American",
    "Native Hawaiian or Pacific Islander",
    "Asian",
    "Native American or Alaska Native",
    "Two or More Races",
)
# 6 RCNY § 5-301(b), example (Notice of Adoption, DCWP, April 2023): applicants, selected, selection
# rate in per cent, impact ratio.
SELECTED = {
    "Male": (
        (205, 90, "43.9", "0.841"),
        (412, 215, "52.2", "1.000"),
        (226, 95, "42.0", "0.806"),
        (87, 37, "42.5", "0.815"),
        (321, 167, "52.0", "0.997"),
        (24, 11, "45.8", "0.878"),
        (115, 52, "45.2", "0.866"),
    ),
    "Female": (
        (190, 82, "43.2", "0.827"),
        (385, 197, "51.2", "0.981"),
        (164, 75, "45.7", "0.876"),
        (32, 15, "46.9", "0.898"),
        (295, 135, "45.8", "0.877"),
        (17, 7, "41.2", "0.789"),
        (98, 44, "44.9", "0.860"),
    ),
}
SELECTED_BY_RACE = (
    (408, 204, "50", "0.97"),
    (797, 412, "52", "1.00"),
    (390, 170, "44", "0.84"),
    (119, 52, "44", "0.85"),
    (616, 302, "49", "0.95"),
    (41, 18, "44", "0.85"),
    (213, 96, "45", "0.87"),
)
# The same, § 5-301(c), example: applicants, scoring rate in per cent, impact ratio.
SCORED = {
    "Male": (
        (16, 75, "1.00"),
        (20, 35, "0.47"),
        (20, 50, "0.67"),
        (4, 75, "1.00"),
        (12, 58.3, "0.78"),
        (8, 62.5, "0.83"),
        (12, 50, "0.67"),
    ),
    "Female": (
        (12, 50, "0.67"),
        (20, 40, "0.53"),
        (12, 50, "0.67"),
        (4, 50, "0.67"),
        (12, 25, "0.33"),
        (8, 62.5, "0.83"),
        (8, 50, "0.67"),
    ),
}
SCORED_BY_RACE = (
    (28, "64.3", "1.00"),  # published as 64.2: cut off, not rounded
    (40, "37.5", "0.58"),
    (32, "50.0", "0.78"),
    (8, "62.5", "0.97"),
    (24, "41.7", "0.65"),
    (16, "62.5", "0.97"),
    (20, "50.0", "0.78"),
)
