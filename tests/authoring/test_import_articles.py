"""Articles: what is taken as a question, what as its answer, and the drafts made of them."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.authoring.import_articles import Draft, draft_entry, read_article, unique_slugs
from grader.bank.entries import load_entry
from grader.bank.yaml_records import parse

MARKDOWN = """\
# Three questions

<p align="center"><img src="logo.png"></p>

### 3. What is **dropout**?

Units are left out at random. It is `x > 0` or a*b.

### 4. Explain _backpropagation_.

> The chain rule, applied
> from the back.

### 5. Why normalise? ###

**Answer:** It speeds up training.
"""

BOLD = """\
**Q3) What is dropout?**
Units are left out.

**Q4)** What is an epoch?
A pass over the data.

**Question 5:** Name two optimisers
Adam and SGD.
"""

OWN_LINE = """\
Question 3

What is dropout?

Units are left out.

**Question 4**
Two optimisers
Adam and SGD.

Question 5
Why normalise?
It speeds up training.
"""

HTML = """\
<!DOCTYPE html>
<html><head><title>1. What is a title?</title><style>p { color: red }</style>
<script>var q = "2. What is a script?";</script></head><body>
<nav><p>9. What is in the menu?</p></nav>
<h2>3. What is <b>dropout</b>?</h2><p>Units are left
out &amp; <i>others</i>, too.</p>
<h2>4. What is an epoch?</h2><ul><li>A pass over the data</li><li>Shuffled</li></ul>
<h2>5. Why normalise?</h2><div>It speeds up training.</div>
</body></html>
"""

PLAIN = """\
An introduction that asks nothing.

What is dropout?
Units are left out.

Why normalise?
It speeds up training. Does it? It does.
"""


def questions(text):
    return [(d.number, d.question) for d in read_article(text)]


def answers(text):
    return [d.answer for d in read_article(text)]


def test_numbered_markdown_headings_are_questions_without_their_marks():
    assert questions(MARKDOWN) == [
        ("3", "What is dropout?"),
        ("4", "Explain backpropagation."),
        ("5", "Why normalise?"),
    ]


def test_an_article_about_pages_is_no_page():
    tags = enumerate(("body", "p", "a"), start=1)
    text = "\n".join(f"### {i}. What is the `<{tag}>` tag?\nA tag.\n" for i, tag in tags)
    assert len(questions(text)) == 3
    items = "".join(f"<h3>{i}. What is {i}?</h3><p># No.</p>" for i in (1, 2, 3))
    assert len(questions(f"<!-- saved --><html><body>{items}</body></html>")) == 3


def test_an_answer_is_what_stands_below_and_keeps_its_operators():
    assert answers(MARKDOWN) == [
        "Units are left out at random. It is x > 0 or a*b.",
        "The chain rule, applied\nfrom the back.",
        "It speeds up training.",
    ]


def test_bold_marks_may_enclose_the_number_or_the_question():
    assert questions(BOLD) == [
        ("3", "What is dropout?"),
        ("4", "What is an epoch?"),
        ("5", "Name two optimisers"),
    ]
    assert answers(BOLD) == ["Units are left out.", "A pass over the data.", "Adam and SGD."]


def test_a_mark_on_a_line_of_its_own_belongs_to_the_next_line():
    assert questions(OWN_LINE) == [
        ("3", "What is dropout?"),
        ("4", "Two optimisers"),
        ("5", "Why normalise?"),
    ]
    assert answers(OWN_LINE)[0] == "Units are left out."


def test_a_mark_with_nothing_behind_it_is_no_question():
    assert questions(OWN_LINE + "\nQuestion 6\n") == questions(OWN_LINE)
    assert questions("Question 2\n" + OWN_LINE) == questions(OWN_LINE)


def test_html_is_read_a_block_a_line_without_menus_scripts_and_titles():
    assert questions(HTML) == [
        ("3", "What is dropout?"),
        ("4", "What is an epoch?"),
        ("5", "Why normalise?"),
    ]
    assert answers(HTML) == [
        "Units are left out & others, too.",
        "A pass over the data\nShuffled",
        "It speeds up training.",
    ]


def test_the_conditional_sections_of_a_word_processor_are_passed_over():
    sections = HTML.replace("<h2>4", "<![if !supportLists]><![x y]><h2>4")
    assert questions(sections) == questions(HTML)


def test_without_marks_lines_that_end_in_a_question_mark_are_numbered_questions():
    assert questions(PLAIN) == [("1", "What is dropout?"), ("2", "Why normalise?")]
    assert answers(PLAIN) == ["Units are left out.", "It speeds up training. Does it? It does."]


def test_fewer_than_three_marks_are_not_trusted():
    article = "1. What is dropout?\nUnits are left out.\n2. Why normalise?\nSpeed.\n"
    assert [number for number, _ in questions(article)] == ["1", "2"]
    named = "Question 7: Dropout\nUnits are left out.\nQ8: Epoch\nWhy normalise?\nSpeed.\n"
    assert questions(named) == [("1", "Why normalise?")]
    assert questions(named + "Q9: Layer\n") == [("7", "Dropout"), ("8", "Epoch"), ("9", "Layer")]


def test_a_question_that_is_a_bullet_is_taken_without_it():
    assert questions("- What is dropout?\nUnits are left out.\n") == [("1", "What is dropout?")]
    listed = "\n".join(f"* **Q{n}.** Term {n}\nIts answer." for n in (1, 2, 3))
    assert questions(listed) == [("1", "Term 1"), ("2", "Term 2"), ("3", "Term 3")]


@pytest.mark.parametrize(
    "contents",
    [
        "1. What is dropout? 2. Explain backpropagation. 3. Why normalise?",
        "Q3. What is dropout? Q4. Why backpropagation? Q5. Why normalise?",
        " ".join(f"{n}. What is term number {n}?" for n in range(1, 40)),
    ],
)
def test_a_table_of_contents_in_one_line_is_no_question(contents):
    article = MARKDOWN.replace("# Three questions", contents)
    assert questions(article) == questions(MARKDOWN)
    assert read_article(contents) == []


def test_a_table_of_contents_with_a_line_a_question_gives_way_to_the_answers():
    contents = "3. What is dropout?\n4. Explain backpropagation.\n\n"
    assert read_article(contents + MARKDOWN) == read_article(MARKDOWN)


def test_numbered_items_of_an_answer_are_no_questions():
    steps = "1. In the forward pass, activations are stored\n2. Is repeated\n3. Gradients follow\n"
    article = MARKDOWN.replace("> The chain rule", steps + "> The chain rule")
    assert questions(article) == questions(MARKDOWN)
    assert "2. Is repeated" in answers(article)[1]


def test_list_items_of_an_answer_become_claims_of_their_own():
    (draft,) = read_article("What are the steps?\n1. Forward pass\n2. Backward pass\n- Update\n")
    entry, _ = parse(draft_entry("steps", draft, "a"), Path("steps.yaml"))
    assert entry["sources"][0]["claims"] == ["Forward pass", "Backward pass", "Update"]


@pytest.mark.parametrize("article", [MARKDOWN, PLAIN])
def test_a_doubled_question_is_taken_once(article):
    doubled = article.replace("Why normalise?", "Why normalise?\n\nWhy  Normalise?")
    assert [(d.number, d.answer) for d in read_article(doubled)] == [
        (d.number, d.answer) for d in read_article(article)
    ]


def test_the_same_question_with_two_answers_is_kept_twice():
    twice = PLAIN + "What is dropout?\nA regulariser.\n"
    assert answers(twice)[0] == "Units are left out."
    assert answers(twice)[2] == "A regulariser."


def test_a_question_without_an_answer_is_a_draft_without_sources():
    first, second = read_article("What is dropout?\n\nWhy normalise?\n")
    assert (first.answer, second.answer) == ("", "")
    entry, _ = parse(draft_entry("x", first, "a"), Path("x.yaml"))
    assert entry["sources"] == []


@pytest.mark.parametrize("lead", ["Answer: ", "Ans. ", "A) ", "**A:** ", "Answer – "])
def test_the_word_answer_is_no_part_of_it(lead):
    assert answers(f"What is dropout?\n{lead}Units go.\n") == ["Units go."]


def test_an_a_that_is_a_word_is_a_part_of_the_answer():
    assert answers("What is it?\nA-priori knowledge.\n") == ["A-priori knowledge."]
    assert answers("What is it?\nA.I. is broad.\n") == ["A.I. is broad."]
    assert answers("What is it?\nA* search, 2**3 and **b_1** * _c_.\n") == [
        "A* search, 2**3 and b_1 * c."
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "No question here.", "???", "1. ?\n2. ?\n3. ?\n"])
def test_a_text_without_a_question_has_no_drafts(text):
    assert read_article(text) == []


def test_a_slug_holds_the_content_words_and_a_number_where_there_are_none():
    assert Draft("7", "What is the role of an Activation Function?", "").slug == (
        "role-activation-function"
    )
    assert Draft("7", "什么是深度学习?", "").slug == "question-7"


def test_slugs_that_would_be_the_same_are_numbered_past_those_that_are_taken():
    drafts = [Draft("1", q, "") for q in ("Layer?", "A layer?", "Layer 2?", "The layer?")]
    slugs = [slug for slug, _ in unique_slugs(drafts)]
    assert slugs == ["layer", "layer-2", "layer-2-2", "layer-3"]
    assert [draft for _, draft in unique_slugs(drafts)] == drafts


def test_a_draft_says_where_it_comes_from():
    text = draft_entry("dropout", Draft("7", 'What is "dropout"?', "It drops. It's random."), "qa")
    entry, _ = parse(text, Path("dropout.yaml"))
    assert entry["prompt"] == 'What is "dropout"?'
    assert entry["sources"] == [
        {"id": "qa:7", "where": "qa, question 7", "claims": ["It drops.", "It's random."]}
    ]


LINES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.builds(
            "{}{}{}{}".format,
            st.sampled_from(["", "### ", "**", "<p>", "- ", "> "]),
            st.sampled_from(["Q1. ", "Question 2", "3) ", "٣. ", "Q99999 ", "<![if x]>", "A: "]),
            st.text(max_size=40),
            st.sampled_from(["?", "**", "</p>", "", "? 4. "]),
        ),
    ),
    max_size=12,
)


@settings(max_examples=150)
@given(LINES.map("\n".join))
@example("Is \x7f\x9b it\u2028\ufeff\uffff so?\nIt \x00\x85 is\ufffe 😀.")
@example(f"Why {' '.join(['incomprehensibilities'] * 9)}?\nWhy {'x' * 300}?")
@example("٣. 什么?\n٤. 什么?\n٥. 什么?")
@example("<p>What is it?</p><![x y")
def test_any_text_becomes_drafts_that_load(text):
    named = unique_slugs(read_article(text))
    assert len({slug for slug, _ in named}) == len(named)
    with tempfile.TemporaryDirectory() as folder:
        for slug, draft in named:
            file = Path(folder) / f"{slug}.yaml"
            file.write_text(draft_entry(slug, draft, "article"), encoding="utf-8")
            entry = load_entry(file)
            assert entry.prompt == draft.question
            assert [s.id for s in entry.sources] in ([], [f"article:{draft.number}"])
            assert bool(entry.sources) <= bool(draft.answer)
