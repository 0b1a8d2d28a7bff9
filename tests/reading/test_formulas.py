"""A formula is one and the same, whether it is typed, set in LaTeX or programmed."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.reading.canonical import read
from grader.reading.formulas import plain_formulas, plainly
from grader.reading.rendering import rendered
from grader.reading.text import normalise

WAYS = {
    "TP/(TP + FP)": (
        "TP/(TP+FP)",
        "TP / (TP + FP)",
        "TP / ( TP + FP )",
        "TP ÷ (TP+FP)",
        "`TP / (TP + FP)`",
        "```python\nTP / (TP + FP)```",
        r"$\frac{TP}{TP+FP}$",
        r"\frac{\text{TP}}{\text{TP} + \text{FP}}",
        r"\(\dfrac{\mathrm{TP}}{\mathrm{TP}+\mathrm{FP}}\)",
        "$$\n\\frac{TP}{TP + FP}\n$$",
        r"\[\frac{TP}{\left(TP+FP\right)}\]",
    ),
    "sigma(x) = 1/(1 + exp(-x))": (
        "σ(x) = 1/(1+e^(−x))",
        "σ(x)=1 / (1 + e⁻ˣ)",
        "sigma(x) = 1 / (1 + np.exp(-x))",
        "sigma(x) = 1/(1 + math.exp(-x))",
        r"$\sigma(x)=\frac{1}{1+e^{-x}}$",
    ),
    "L = -sum_k y_k log p_k": (
        "L = −Σ_k y_k log p_k",
        "L = - ∑ₖ yₖ log pₖ".replace("- ∑", "−∑"),
        r"$L = -\sum_k y_k \log p_k$",
        r"$L=-\sum_{k} y_{k}\log p_{k}$",
    ),
    "w = w-eta * dL/dw": (
        "w = w − η · ∂L/∂w",
        "w = w - eta*dL/dw",
        "w = w - eta * dL/dw",
        r"$w = w - \eta \cdot \frac{\partial L}{\partial w}$",
    ),
    "y_hat = W^T x + b": (
        "ŷ = Wᵀx + b",
        "y\u0302 = W^T x + b",
        r"$\hat{y} = W^\top x + b$",
        r"\hat y = W^{T}x+b",
    ),
    "(y-y_hat)^2": (
        "(y − ŷ)²",
        "(y - y_hat)**2",
        "(y - y_hat) ** 2",
        r"$(y-\hat{y})^{2}$",
        r"\left(y - \hat y\right)^2",
    ),
    "h_t = tanh(W h_(t-1))": (
        "hₜ = tanh(W hₜ₋₁)",
        "h_t = tanh(W h_{t−1})",
        r"$h_t = \tanh(W h_{t-1})$",
    ),
    "theta_hat != theta and x <= 3": (
        "θ\u0302 ≠ θ and x ≤ 3",
        r"$\hat\theta \neq \theta$ and $x \leq 3$",
        r"theta_hat != theta and x<=3",
    ),
    "O(n^2) by a 3x3 kernel, lambda||w||^2": (
        "O(n²) by a 3×3 kernel, λ‖w‖²",
        "O(n**2) by a 3 x 3 kernel, λ||w||²",
        r"$O(n^2)$ by a $3\times 3$ kernel, $\lambda\|w\|^2$",
    ),
    "F1 = 2PR/(P + R) in H2O": ("F₁ = 2PR/(P+R) in H₂O", r"$F_1 = \frac{2PR}{P+R}$ in H_2O"),
}
PROSE = (
    "It costs $5 here and $10 there, so that 80% of the US$ 3 are left; 5$ or 6$ is too much.",
    "From $5 million to $x is a long way, and/or the input/output of TCP/IP in an A/B test.",
    "C++ is **bold**, *emphasised* and __strong__ - a word - and state-of-the-art: see https://a.b/?x=1&y=2*3.",
    "* one\n* two - with a dash\n- three\n1. four\n(a) five\n• six\n→ seven\n− eight",
    "The folder C:\\Users\\name\\new holds 3 files (about 2-3 MB each), dated 2019-2021 - or so.",
    "A user's e-mail is first.last@example.org; call foo(x, y) with *args or **kwargs.",
    'We met at 10:30 - the others came later - and I said: "don\'t"… It was 20 °C, 5 µm and 3 kΩ.',
    "Η κλίση εξαφανίζεται με η και σ.",
    "Él comió paella; Müller aß Käse. Ça va? The col·lecció is Catalan.",
)
PIECES = st.lists(
    st.sampled_from(
        [
            *"abxyTP  \n.;,$$^_{}()[]|+-−*/=<>'`~&0123αθσΣμ∂√×·²ᵀ₁ŷ‖∑≤→",
            r"\frac",
            r"\hat",
            r"\sqrt",
            r"\text{",
            r"\sum",
            r"\cdot",
            r"\left",
            r"\(",
            r"\)",
            "\\",
            r"\theta",
            r"\log",
            "exp",
            "e^",
            "np.",
            "**",
            "x_i",
            "<p>",
            "&alpha;",
            "&#8722;",
            "log ",
        ]
    ),
    max_size=40,
).map("".join)


@pytest.mark.parametrize(("expected", "way"), [(e, w) for e, ways in WAYS.items() for w in ways])
def test_a_formula_reads_the_same_however_it_is_written(expected, way):
    assert normalise(plainly(way)) == expected
    assert read(f"It is {way} here.").whole == f"It is {expected} here."


@pytest.mark.parametrize("text", PROSE)
def test_prose_stays_as_it_is(text):
    assert plainly(text) == text


WORDS = st.sampled_from(
    "the a model learns state-of-the-art 42 3.5 GPU don't and/or Paris is".split()
)


@given(
    st.lists(st.tuples(WORDS, st.sampled_from([" ", ", ", "; ", ". ", ": ", " – ", " (", ") "])))
)
def test_words_and_marks_are_no_formula(parts):
    text = "".join(word + mark for word, mark in parts)
    assert plainly(text) == text


@given(PIECES)
@settings(max_examples=300)
def test_reading_twice_changes_nothing(text):
    once = plainly(text)
    assert plainly(once) == once


@given(PIECES)
@settings(max_examples=300)
def test_each_character_knows_its_place_and_evidence_is_verbatim(text):
    shown = plain_formulas(rendered(text))
    assert len(shown.text) == len(shown.starts) == len(shown.ends)
    places = list(zip(shown.starts, shown.ends, strict=True))
    assert all(0 <= start <= end <= len(text) for start, end in places)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(places))
    for unit in read(text).units:
        assert unit.text
        assert text[unit.start : unit.end] == unit.text


def test_evidence_is_the_formula_as_it_was_given():
    answer = r"<p>Recall is what is found.</p><p>Precision: $\frac{TP}{TP+FP}$, of all named.</p>"
    [second] = [u for u in read(answer).units if u.text.startswith("Precision")]
    assert second.text == r"Precision: $\frac{TP}{TP+FP}$, of all named."


def test_a_minus_at_the_start_is_no_bullet():
    assert read(r"$-\sum_k y_k \log p_k$").whole == "−sum_k y_k log p_k."


@pytest.mark.parametrize(
    "piece",
    ["$", "\\frac{", "x_{", "`", "\\(", " ", "a^", "e^(", "\\text{a", "(", "√", "²", "x = ", "α"],
)
def test_broken_formulas_take_no_time(piece):
    text = r"\alpha = ∑ " + piece * (50_000 // len(piece))
    start = time.process_time()
    plain_formulas(rendered(text))
    assert time.process_time() - start < 10
