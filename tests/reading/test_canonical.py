"""How an answer is set off decides nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.reading.canonical import read
from grader.reading.rendering import rendered
from grader.reading.text import sentences

FIRST = "During training each unit is switched off at random with some probability"
SECOND = "At test time all units are used"
WAYS = (
    "{}; {}.",
    "{}. {}",
    "{}.\n{}.",
    "{}\n\n{}",
    "{}\n{}",
    "- {}\n- {}",
    "• {} • {}",
    "* {};\n* {}.",
    "1. {}\n2. {}",
    "1) {};\n2) {}.",
    "(1) {}.\n(2) {}.",
    "a) {}\nb) {}",
    "i. {}\nii. {}",
    "1. {} 2. {}",
    "{} — {}.",
    "{} – {}.",
    "{} - {}.",
    "{} -- {}",
    "{}.\r\n{}.",
    "{}\u2028{}",
    "{}\x0b{}",
)


@pytest.mark.parametrize("way", WAYS)
def test_sentences_may_be_set_off_in_any_way(way):
    reading = read(way.format(FIRST, SECOND))
    assert reading.whole == f"{FIRST}. {SECOND}."
    assert reading.said[:2] == (f"{FIRST}.", f"{SECOND}.")


def test_the_mark_of_an_answer_does_not_depend_on_how_it_is_set_off(grader):
    variants = [way.format(FIRST, SECOND) for way in WAYS]
    variants += [way.format(FIRST, SECOND.lower()) for way in WAYS if way[:6] == "{}; {}"]
    grades = grader.grade_many([f"{FIRST}. {SECOND}.", *variants], "dropout")
    expected = grades[0]
    for text, grade in zip(variants, grades[1:], strict=True):
        assert (grade.score, grade.flags) == (expected.score, expected.flags), text


def test_wrapped_lines_stay_together():
    text = (
        "The gradient of an early layer is a product of many\nfactors below one, and therefore it "
        "gets small in\nLSTM networks without gates, and when the network\nis deep."
    )
    assert read(text).whole == text.replace("\n", " ")


def test_lines_that_had_room_left_are_sentences():
    text = (
        "each unit is dropped at random while the net trains\n"
        "at test time all of them are used as they are, but scaled by the probability\n"
        "so that none of them can rely on any of the others"
    )
    assert read(text).whole.count(".") == 3


def test_dictated_answers_are_weighed_in_overlapping_stretches():
    text = " ".join(f"word{i}" for i in range(40))
    found = [u.text for u in read(text).units]
    assert found[0] == text
    assert "word0 word1 word2 word3 word4 word5 word6 word7" in found[1]
    assert all(any(f"word{i} word{i + 1}" in u for u in found[1:]) for i in range(39))


def test_two_dashes_are_a_bracket():
    text = "The network - a deep one with many layers - learns slowly when gradients vanish."
    assert read(text).whole == text


KINDS = {
    "line ends": "\n".join,
    "Windows's line ends": "\r\n".join,
    "blank lines": "\n\n".join,
    "full stops and line ends": lambda parts: ".\n".join(parts) + ".",
    "semicolons": "; ".join,
    "semicolons and line ends": lambda parts: ";\n".join(parts) + ".",
    "hyphens": lambda parts: "\n".join(f"- {part}" for part in parts),
    "asterisks": lambda parts: "\n".join(f"* {part}." for part in parts),
    "numbers": lambda parts: "\n".join(f"{n}. {part}" for n, part in enumerate(parts, 1)),
    "bullets": lambda parts: "\n".join(f"• {part};" for part in parts),
    "bullets in a line": lambda parts: "• " + " • ".join(parts),
    "paragraphs": lambda parts: "".join(f"<p>{part}.</p>" for part in parts),
    "paragraphs and line ends": lambda parts: "\r\n".join(f"<p>{part}</p>" for part in parts),
    "breaks": "<br>".join,
    "breaks and full stops": lambda parts: ".<br />\n".join(parts) + ".",
    "list": lambda parts: f"<ul>{''.join(f'<li>{part}</li>' for part in parts)}</ul>",
    "numbered list": lambda parts: f"<ol>{''.join(f'<li>{part};</li>' for part in parts)}</ol>",
}
WORDS = st.sampled_from(
    """the network layers of units which are learned by gradient descent 0.5 and state-of-the-art
    GPU h_t TP/(TP+FP) σ(x) x² don't, (mostly) $\\frac{1}{n}$ while""".split()
)
SENTENCES = st.lists(WORDS, min_size=3, max_size=20).map(lambda ws: " ".join(["Then", *ws, "ends"]))


@pytest.mark.parametrize("kind", KINDS)
@given(parts=st.lists(SENTENCES, min_size=2, max_size=5))
@settings(max_examples=60)
def test_what_is_read_does_not_depend_on_how_sentences_are_set_off(kind, parts):
    expected, reading = read(". ".join(parts) + "."), read(KINDS[kind](parts))
    assert reading.whole == expected.whole
    assert reading.said == expected.said


@pytest.mark.slow
def test_verdicts_do_not_depend_on_how_sentences_are_set_off(grader):
    slugs = ("dropout", "precision-recall", "backpropagation", "attention-mechanism", "autoencoder")
    for slug in slugs:
        examples = grader.catalog.load(slug)[1].examples
        texts = [
            [s.text.rstrip(".;") for s in sentences(rendered(e.answer).text)] for e in examples
        ]
        # A line that goes on in lower case may be a wrapped one: that no reader can tell.
        told = [parts for parts in texts if len(parts) > 2 and all(p[0].isupper() for p in parts)]
        for parts in told[:2]:
            variants = [". ".join(parts) + ".", *(kind(parts) for kind in KINDS.values())]
            expected, *others = map(_verdicts, grader.grade_many(variants, slug))
            for kind, found in zip(KINDS, others, strict=True):
                assert found == expected, (slug, kind)


def _verdicts(grade):
    return [(p.id, p.verdict, p.probability) for p in (*grade.key_points, *grade.misconceptions)]
