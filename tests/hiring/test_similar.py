"""``grade similar``: answers that share more than chance, with their words; nobody is accused."""

import csv
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import similar_answers
from grader.engine.encoders.onnx import OnnxEncoder
from grader.errors import InputError, TableError
from grader.hiring.similar.meaning import Meaning, is_read, likeness, matching, prose
from grader.hiring.similar.records import COLUMNS, Side
from grader.hiring.similar.rule import WordsRule, load_rule
from grader.hiring.similar.shingles import (
    Vocabulary,
    shared_shingles,
    shared_spans,
    shingles,
    weights_of,
    worded,
    words_of,
)
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.graded import grade, question, row, write

BREAD = question("bread", 2, 1)
TEA = question("tea", 1)
PLAIN = WordsRule(size=3, common=0.001, start=2.0, rate=1e-6, ratio=0.4)

OWN = (
    "You fold the dough twice and leave it under a cloth until it has risen by half.",
    "Warm water wakes the yeast, and after an hour near the stove you can shape two loaves.",
    "My grandmother swore by rye flour, a pinch of caraway and a very hot clay pot.",
    "Steam in the first ten minutes keeps the crust soft so that the crumb can open.",
)
COPIED = (
    "First I weigh the flour on the old kitchen scale. Then my neighbour lends me her starter, "
    "which smells of apples, and everything goes into the blue bowl overnight."
)
DISGUISED = COPIED.replace("First I weigh", "Initially you take").replace("everything", "it all")
RETOLD = (
    "To begin with the flour is put on a scale that has long been in the kitchen. A starter with "
    "an apple smell is borrowed from the woman next door, and all of it stays in a blue bowl till "
    "morning."
)


def rows(*answers, asked=BREAD, **more):
    return [
        row(f"c{i}", asked, grade(asked, "c" * len(asked.key_points)), answer=text, **more)
        for i, text in enumerate(answers)
    ]


def found(tmp_path, *answers, words_only=True, **options):
    table = write(tmp_path / "graded.csv", rows(*answers))
    return similar_answers(table, words_only=words_only, **options)


def names(similar):
    return [(pair.first.candidate, pair.second.candidate) for pair in similar.pairs]


# ── by words ────────────────────────────────────────────────────────────────


def test_a_disguised_copy_is_found_with_its_words_marked(tmp_path):
    similar = found(tmp_path, *OWN, COPIED, DISGUISED)
    assert names(similar) == [("c4", "c5")]
    [pair] = similar.pairs
    assert pair.by == "words"
    assert pair.meaning is None
    assert pair.first.quotes == (
        "the flour on the old kitchen scale. Then my neighbour lends me her starter, which smells "
        "of apples, and",
        "goes into the blue bowl overnight",
    )
    assert pair.second.quotes == pair.first.quotes
    assert pair.second.shown.startswith("Initially you take [[the flour on")
    assert pair.shared_words == 25
    assert pair.expected == pytest.approx(pair.chance * 15)
    assert (similar.answers, similar.compared, similar.left_out) == (6, 15, 0)


def test_independent_answers_are_left_in_peace(tmp_path):
    similar = found(tmp_path, *OWN)
    assert similar.pairs == ()
    assert similar.frame().empty


def test_what_question_and_reference_say_is_nobodys_own(tmp_path):
    told = rows(*OWN, COPIED, DISGUISED, reference=COPIED)
    similar = similar_answers(write(tmp_path / "graded.csv", told), words_only=True)
    assert similar.pairs == ()
    claimed = grade(BREAD.model_copy(update={"prompt": COPIED}), "cc")
    as_prompt = [row(f"c{i}", BREAD, claimed, answer=COPIED) for i in range(2)]
    table = write(tmp_path / "prompt.csv", [{**one, "question": COPIED} for one in as_prompt])
    assert similar_answers(table, words_only=True).pairs == ()


def test_what_many_say_weighs_less():
    codes = np.array([0, 0, 1, 1, 1, 1, 2])
    weights = weights_of(codes, np.ones(7), 6, PLAIN)
    assert weights[0] == 1, "two have it, and no other"
    assert 0 < weights[1] < 0.2, "half of the others have it as well"
    assert weights_of(np.array([0]), np.array([6]), 6, PLAIN) == pytest.approx(0)


def test_a_text_that_several_gave_word_for_word_is_told_of_each_pair(tmp_path):
    similar = found(tmp_path, *OWN, COPIED, COPIED.upper(), COPIED)
    assert sorted(names(similar)) == [("c4", "c5"), ("c4", "c6"), ("c5", "c6")]
    assert all("words" in pair.by for pair in similar.pairs)
    few = found(tmp_path, *OWN, COPIED, COPIED, COPIED, most=2)
    assert (len(few.pairs), few.left_out) == (2, 1)
    assert "1 pair beyond the 2 least likely ones are not told" in few.notes[0]


def test_a_short_answer_that_two_gave_is_no_wonder(tmp_path):
    assert found(tmp_path, *OWN, "No idea, sorry.", "No idea, sorry.").pairs == ()


def test_answers_to_different_questions_are_not_compared(tmp_path):
    table = [*rows(*OWN, COPIED), *rows(OWN[0], OWN[1], COPIED, asked=TEA)]
    for number, one in enumerate(table):
        one["candidate"] = f"p{number}"
    assert similar_answers(write(tmp_path / "g.csv", table), words_only=True).pairs == ()


def test_the_more_pairs_are_compared_the_more_alike_they_must_be(tmp_path):
    shared = "we always put a spoon of honey into"
    two = (f"{OWN[0]} And {shared} the bowl.", f"{OWN[1]} At home {shared} warm milk.")
    assert len(found(tmp_path, *two).pairs) == 1
    many = [" ".join(f"word{n}x{at}" for at in range(20)) for n in range(300)]
    assert found(tmp_path, *two, *many).pairs == ()
    assert len(found(tmp_path, *two, *many, expected=1e6).pairs) >= 1


def test_mark_up_is_not_compared_and_marks_stand_in_the_answer_as_given(tmp_path):
    html = f"<p>{COPIED.replace('blue bowl', '<b>blue</b> bowl')}</p>"
    [pair] = found(tmp_path, *OWN, COPIED, html).pairs
    assert "the <b>blue</b> bowl overnight" in pair.second.quotes[-1]


# ── the parts ───────────────────────────────────────────────────────────────

texts = st.lists(st.sampled_from("red green blue tin oak fig".split()), max_size=25)


@settings(max_examples=60)
@given(st.lists(texts, min_size=2, max_size=6), texts)
def test_the_product_counts_what_sets_would(answers, told):
    """The sparse product is the count of shared shingles, one by one."""
    distinct = list(dict.fromkeys(map(tuple, answers)))
    vocabulary = Vocabulary(3, [" ".join(told)])
    own = [vocabulary.own(one) for one in distinct]
    rule = replace(PLAIN, common=1e-300, start=1.0)
    got = {
        (int(i), int(j)): float(shared)
        for block in shared_shingles(own, [1] * len(own), rule)
        for i, j, shared in zip(*block, strict=True)
    }
    sets = [set(shingles(one, 3)) - set(shingles(told, 3)) for one in distinct]
    holders = {s: sum(s in one for one in sets) for one in sets for s in one}
    others = max(1, len(sets) - 2)
    for i, first in enumerate(sets):
        for j in range(i + 1, len(sets)):
            both = first & sets[j]
            due = sum(float(rule.weight(np.array((holders[s] - 2) / others))) for s in both)
            assert got.get((i, j), 0.0) == pytest.approx(due if due >= 1 else 0.0, abs=1e-6)


@settings(max_examples=60)
@given(texts, texts)
def test_the_same_words_are_marked_on_both_sides(one, other):
    first, second = worded(" ".join(one)), worded(" ".join(other))
    spans = shared_spans(first, second, frozenset(), 3)
    turned = shared_spans(second, first, frozenset(), 3)
    assert spans == turned[::-1]
    assert bool(spans[0]) == bool(set(shingles(one, 3)) & set(shingles(other, 3)))
    for text, stretches in ((" ".join(one), spans[0]), (" ".join(other), spans[1])):
        assert list(stretches) == sorted(stretches)
        assert all(len(text[a:b].split()) >= 3 for a, b in stretches)
        assert Side("c", 2, text, stretches).shown.replace("[[", "").replace("]]", "") == text


@given(st.floats(0, 200), st.floats(0, 200), st.floats(1, 1e6))
def test_more_in_common_is_never_likelier(shared, more, possible):
    rule = load_rule().words
    low, high = rule.chance(np.array([shared, shared + more]), np.array([possible, possible]))
    assert 0 <= high <= low <= 1


@given(st.floats(-1, 1), st.floats(0, 1))
def test_nearer_is_never_likelier(near, more):
    low, high = load_rule().meaning.chance(np.array([near, near + more]))
    assert 0 <= high <= low <= 1


def test_the_shipped_rule_is_of_the_shipped_encoder():
    rule = load_rule()
    assert rule.meaning.encoder == OnnxEncoder().name
    assert rule.expected == 0.05
    assert 0 < rule.words.ratio < 1
    assert 0 < rule.meaning.share < 0.05


def test_each_sentence_has_one_partner():
    axes = np.eye(3, dtype=np.float32)
    first = Meaning(axes[:2], np.array([4.0, 4.0]), axes[0])
    twice = Meaning(axes[[0, 0]], np.array([4.0, 4.0]), axes[0])
    assert likeness(first, first) == pytest.approx(1)
    assert likeness(first, twice) == pytest.approx(0.5)
    assert matching(first, twice, 0.9) in ([(0, 0)], [(0, 1)])


def test_formulas_and_short_answers_are_not_compared_by_meaning():
    rule = load_rule().meaning
    assert is_read(COPIED, rule)
    assert not is_read("No idea.", rule)
    formulas = "$\\theta \\leftarrow \\theta - \\eta \\nabla L_i(\\theta)$, $O(n)$ " * 10
    assert prose(formulas) < rule.prose
    assert not is_read(formulas, rule)


# ── by meaning ──────────────────────────────────────────────────────────────


def test_an_answer_told_again_is_found_by_its_meaning(tmp_path):
    similar = found(tmp_path, *OWN, COPIED, RETOLD, words_only=False)
    assert names(similar) == [("c4", "c5")]
    [pair] = similar.pairs
    assert pair.by == "meaning"
    assert pair.meaning > load_rule().meaning.start
    assert pair.same_meaning
    for first, second in pair.same_meaning:
        assert first in COPIED
        assert second in RETOLD
        assert first in pair.first.quotes


class Untouched:
    name = "untouched"

    def encode(self, _):
        raise AssertionError("nothing is to be encoded")


def test_where_chance_explains_the_same_meaning_nothing_is_encoded_and_one_line_says_so(tmp_path):
    answers, pairs = (*OWN, COPIED, DISGUISED), 15
    needed = 2 * pairs * load_rule().meaning.least
    options = {"words_only": False, "encoder": Untouched()}
    few = found(tmp_path, *answers, expected=needed * 0.99, **options)
    assert names(few) == [("c4", "c5")]
    assert few.pairs[0].by == "words"
    assert few.pairs[0].meaning is None
    [note] = [note for note in few.notes if "by words alone" in note]
    assert "--expected 1 at least" in note
    assert not [n for n in found(tmp_path, *answers).notes if "--expected" in n]
    with pytest.raises(AssertionError, match="encoded"):
        found(tmp_path, *answers, expected=needed * 1.01, **options)


def test_the_order_of_rows_changes_nothing(tmp_path):
    answers = [*OWN, COPIED, RETOLD, DISGUISED]
    similar = found(tmp_path, *answers, words_only=False)
    turned = found(tmp_path, *reversed(answers), words_only=False)

    def told(result, number):
        return sorted(
            (sorted(number(int(s.candidate[1:])) for s in (p.first, p.second)), p.by, p.chance)
            for p in result.pairs
        )

    for a, b in zip(
        told(similar, lambda n: n), told(turned, lambda n: len(answers) - 1 - n), strict=True
    ):
        assert a[:2] == b[:2]
        assert a[2] == pytest.approx(b[2], rel=1e-3)


# ── a table in, a table out ─────────────────────────────────────────────────


def test_a_frame_in_a_frame_out():
    frame = pd.DataFrame(rows(*OWN, COPIED, DISGUISED))
    told = similar_answers(frame, words_only=True).frame()
    assert list(told) == list(COLUMNS)
    assert told["first_row"].dtype == "Int64"
    assert told["second"].tolist() == ["c5"]
    assert "“goes into the blue bowl overnight”" in told["shared"][0]


@pytest.mark.parametrize("name", ["s.csv", "s.tsv", "s.jsonl", "s.parquet", "s.xlsx", "s.csv.gz"])
def test_every_format_holds_the_same(tmp_path, name):
    write(tmp_path / "graded.csv", rows(*OWN, COPIED, DISGUISED))
    done = command("similar", "graded.csv", "-o", name, "--words-only")
    assert done.returncode == 0, done.stderr
    read = {
        "csv": pd.read_csv,
        "gz": pd.read_csv,
        "tsv": lambda file: pd.read_csv(file, sep="\t"),
        "jsonl": lambda file: pd.read_json(file, lines=True),
        "parquet": pd.read_parquet,
        "xlsx": pd.read_excel,
    }[name.rpartition(".")[2]]
    written = read(tmp_path / name)
    assert list(written) == list(COLUMNS)
    assert written["second_row"].tolist() == [7]
    assert written["shared_words"].tolist() == [25]
    assert "[[the flour" in written["first_answer"][0]


def test_the_command_prints_pairs_kindly(tmp_path):
    write(tmp_path / "graded.csv", rows(*OWN, COPIED, DISGUISED))
    done = command("similar", "graded.csv", "--words-only")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "of 15 pairs of answers to the same question, 1 pair shares more than chance" in said
    assert "bread: c4 and c5" in said
    assert "25 words in common beyond question and reference" in said
    assert "[[goes into the blue bowl overnight]]" in said
    assert "A reason to look, not a verdict" in said
    assert "cheat" not in said
    assert "compared by words alone" in done.stderr
    out = command("similar", "graded.csv", "--words-only", "-o", "-")
    assert next(csv.reader(out.stdout.splitlines())) == list(COLUMNS)
    write(tmp_path / "none.csv", rows(*OWN))
    none = command("similar", "none.csv", "--words-only")
    assert none.returncode == 0
    assert "no pair shares more than chance" in none.stdout
    assert "verdict" not in none.stdout


# ── what won't do ───────────────────────────────────────────────────────────


def spoilt(tmp_path, how):
    table = rows(*OWN)
    if how == "other version":
        for one in table:
            del one["grade_points"]
    elif how == "twice":
        table.append(table[1])
    elif how == "by hand":
        table[2] |= {"grade_score": "0.2", "grade_points": "1"}
    elif how == "one candidate":
        table = table[:1]
    elif how == "no answers":
        table = [row(name, BREAD) for name in ("Ada", "Ben")]
    elif how == "no two":
        table = [table[0], *rows(OWN[0], OWN[1], asked=TEA)[1:]]
    columns = list(dict.fromkeys(k for one in table for k in one))
    with (tmp_path / "graded.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(table)


@pytest.mark.parametrize(
    ("how", "options", "messages"),
    [
        ("other version", [], ["has no column 'grade_points'", "that 'grade batch' wrote?"]),
        ("twice", [], ["row 6: 'c1'", "has answered bread in row 3 already", "--candidate COLUMN"]),
        ("by hand", [], ["row 4", "grade_score"]),
        ("one candidate", [], ["'c0' is the only candidate", "--candidate COLUMN"]),
        ("no answers", [], ["has no answers to compare", "--map answer=COLUMN"]),
        ("no two", [], ["no question was answered by two candidates"]),
        ("fine", ["--candidate", "person"], ["has no column 'person'"]),
        ("fine", ["--map", "answer=Response"], ["has no column 'Response'"]),
        ("fine", ["--expected", "0"], ["expected = 0: must be a number above 0"]),
        ("fine", ["--expected", "nan"], ["expected = nan: must be a number above 0"]),
    ],
)
def test_what_will_not_do_is_one_line_and_nothing_written(tmp_path, how, options, messages):
    spoilt(tmp_path, how)
    done = command("similar", "graded.csv", "-o", "s.csv", "--words-only", *options)
    refused(done, *messages)
    assert not (tmp_path / "s.csv").exists()


def test_an_output_that_exists_or_has_no_format_is_refused_before_any_work(tmp_path):
    spoilt(tmp_path, "fine")
    (tmp_path / "s.csv").write_text("mine")
    refused(command("similar", "graded.csv", "-o", "s.csv"), "s.csv: exists already", "--force")
    refused(command("similar", "graded.csv", "-o", "s.doc"), "s.doc")
    assert (tmp_path / "s.csv").read_text() == "mine"
    done = command("similar", "graded.csv", "-o", "s.csv", "--force", "--words-only")
    assert done.returncode == 0, done.stderr


def test_numbers_that_will_not_do_are_refused_in_python_too(tmp_path):
    with pytest.raises(InputError, match="most = 0: must be 1 or more"):
        found(tmp_path, *OWN, most=0)
    with pytest.raises(TableError, match="the frame: has no column"):
        similar_answers(pd.DataFrame({"candidate": ["Ada"], "answer": ["So."]}))


def test_a_detail_that_is_lost_is_no_hindrance(tmp_path):
    table = [{**one, "grade_detail": ""} for one in rows(*OWN, COPIED, DISGUISED)]
    similar = similar_answers(write(tmp_path / "graded.csv", table), words_only=True)
    assert names(similar) == [("c4", "c5")]
    assert json.dumps(similar.rows())


def test_words_are_compared_as_their_reader_sees_them():
    assert words_of("The <b>Blue</b>&nbsp;bowl, it’s") == ("the", "blue", "bowl", "it's")
