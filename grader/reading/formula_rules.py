r"""What is written otherwise in a formula: patterns, and the pieces that take their place. Pure.

The rules keep the order of what they find, so that each character's place can be kept. They are
applied again and again until nothing changes: of ``\frac{\frac{a}{b}}{c}`` the inner braces go
first. None takes more than linear time, whatever an answer holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from grader.reading.formula_names import (
    ACCENTS,
    FUNCTIONS,
    GREEK,
    LATEX,
    SIGNS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    TIMES,
)

Match = re.Match[str]
Piece = str | tuple[int, int]
"""Text to put in, or a stretch of the text to keep."""
Pieces = Callable[[Match], Sequence[Piece]]
Rule = tuple[re.Pattern[str], Pieces]


def rules(text: str) -> Iterator[Rule]:
    """The rules that a text may need, in order."""
    if _QUOTE.search(text):
        yield from _QUOTING
    if _COMMAND.search(text):
        yield from _COMMANDS
    if _UNUSUAL.search(text):
        yield from _SIGNS
        if not _GREEK_WORD.search(text):
            yield from _LETTERS
    if _OPERATOR.search(text):
        yield from _ARITHMETIC


def _rule(pattern: str, template: str = "") -> Rule:
    """A rule by a template, in which ``1`` is what the pattern's first group holds, and so on."""
    parts = [int(part) if part.isdigit() else part for part in re.split(r"(\d)", template) if part]

    def pieces(match: Match) -> list[Piece]:
        return [match.span(part) if isinstance(part, int) else part for part in parts]

    return re.compile(pattern, re.DOTALL), pieces


def _apart(match: Match, name: str) -> str:
    """A name, with blanks between it and the letters or digits beside it."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    worded = name[-1].isalnum()
    left = worded and (before.isalnum() or before in (")", "]", "}"))
    right = (worded or match.group()[-1].isspace()) and (after.isalnum() or after == "\\")
    return f"{' ' * left}{name}{' ' * right}"


# ── what sets formulas off ──────────────────────────────────────────────────

_QUOTE = re.compile(r"[$`]|\\[\[(]")
_DOLLARS = re.compile(
    r"(?:(?<![\w$\\])|(?<=\w)(?=\$[_^]))\$(?=[^\s$])((?:\\.|[^$\\\n]){1,400}?)(?<=\S)\$(?![\d$])"
)
_AMOUNT = re.compile(r"\d[\d,.]*(?:[kKmMbB]\b|[a-z]{2}|[-–]|$|\s)")
_LINE_END = re.compile(r"\s*\n\s*")
_LEADING_MINUS = re.compile(r"\s*-(?=\s*[\w\\(|])")


def _set_off(match: Match) -> list[Piece]:
    """A formula without the signs around it, in one line.

    Its leading minus must not be taken for a bullet.
    """
    start, end = match.span(1)
    minus = _LEADING_MINUS.match(match.string, start, end)
    pieces: list[Piece] = ["−"] if minus else []
    start = minus.end() if minus else start
    for line_end in _LINE_END.finditer(match.string, start, end):
        pieces += [(start, line_end.start()), " "]
        start = line_end.end()
    return [*pieces, (start, end)]


def _dollars(match: Match) -> list[Piece]:
    """A formula between dollars; two sums of money are none."""
    inside = match.group(1)
    money = _AMOUNT.match(inside) and not re.search(r"[\\^_=]", inside)
    return [match.span()] if money else _set_off(match)


_QUOTING: tuple[Rule, ...] = (
    (re.compile(r"\$\$([^$]{1,600})\$\$"), _set_off),
    (re.compile(r"\\\[(.{1,600}?)\\\]", re.DOTALL), _set_off),
    (re.compile(r"\\\((.{1,600}?)\\\)", re.DOTALL), _set_off),
    (_DOLLARS, _dollars),
    _rule(r"(?<!`)```(?:[a-z+#]+[ \t]*\n)?([^`]+)```(?!`)", "1"),
    _rule(r"(?<!`)`([^`\n]+)`(?!`)", "1"),
)

# ── commands of LaTeX ───────────────────────────────────────────────────────

_END = "(?![A-Za-z])"
_FONT = (
    r"\\(?:text(?:bf|it|rm|tt|sf|normal)?|math(?:rm|bf|it|sf|tt|cal|bb|scr|frak)|operatorname\*?|"
    rf"boldsymbol|bm|mbox){_END}"
)
_HELD = r"\{\s*([^{}]*?)\s*\}"
_PART = rf"(?:{_HELD}|([A-Za-z0-9]))"
_ACCENTED = "hat|widehat|bar|overline|tilde|widetilde|vec"
_NAMED = "|".join(sorted(LATEX, key=len, reverse=True))
_COMMAND = re.compile(
    rf"\\(?:[dtc]?frac|sqrt|{_ACCENTED}|left|right|partial|{_NAMED}){_END}|{_FONT}\s*\{{|\\begin\{{"
)
_ONE_FACTOR = re.compile(
    r"(?:[\w.']+|\w*\([^()]*\))(?:[_^](?:-?\w+|\([^()]*\)))*(?:\([^()]*\))?", re.ASCII
)


def _command(match: Match) -> list[Piece]:
    return [_apart(match, LATEX[match.group(1)])]


def _factor(match: Match, group: int) -> list[Piece]:
    """A part of a formula, in brackets where it is more than one factor."""
    span = match.span(group)
    return [span] if _ONE_FACTOR.fullmatch(match.group(group)) else ["(", span, ")"]


def _fraction(match: Match) -> list[Piece]:
    upper, lower = (
        next(g for g in pair if match.group(g) is not None) for pair in ((1, 2), (3, 4))
    )
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    left = " " if before.isalnum() or before in (")", "}") else ""
    right = " " if after.isalnum() or after in ("\\", "(") else ""
    return [left, *_factor(match, upper), "/", *_factor(match, lower), right]


def _accent(match: Match) -> list[Piece]:
    sign = match.group(1).removeprefix("wide").replace("overline", "bar")
    held = match.span(2) if match.group(2) is not None else match.span(3)
    return [held, "" if sign == "vec" else f"_{sign}"]


def _script(match: Match) -> list[Piece]:
    sign, held = match.span(1), match.span(2)
    if re.fullmatch(r"-?[\w.']*", match.group(2)):
        return [sign, held, _gap(match)]
    return [sign, "(", held, f"){_gap(match)}"]


def _gap(match: Match) -> str:
    return " " if match.string[match.end() :][:1].isalnum() else ""


_SCRIPT: Rule = (re.compile(rf"([\^_])\s?{_HELD}"), _script)
_COMMANDS: tuple[Rule, ...] = (
    _rule(r"\\(?:begin|end)\{[a-z]+\*?\}", " "),
    _rule(rf"\\(?:left|right){_END}\.?|\\(?:[bB]igg?[lrm]?|displaystyle|limits){_END}"),
    _rule(rf"\\(?:q?quad{_END}|[,;:!> ])|(?<=\w)~(?=\w)", " "),
    _rule(r"\\\|", "||"),
    _rule(r"\\([{}%#&_$])", "1"),
    _rule(rf"(?<![^\W_])\\partial{_END}[ \t]*", "d"),
    _rule(rf"(?<=[^\W_])\\partial{_END}[ \t]*", " d"),
    (re.compile(rf"\\({_NAMED}){_END}[ \t]*"), _command),
    _rule(rf"{_FONT}\s*{_HELD}", "1"),
    _rule(rf"{_FONT}(?!\s*\{{)\s*"),
    (re.compile(rf"\\({_ACCENTED}){_END}\s*(?:{_HELD}|([A-Za-z]+))"), _accent),
    _SCRIPT,
    (re.compile(rf"\\[dtc]?frac(?![A-Za-z]{{2}})\s*{_PART}\s*{_PART}"), _fraction),
    _rule(rf"\\sqrt{_END}\s*{_HELD}", "sqrt(1)"),
    _rule(rf"\\sqrt{_END}\s*(\w)", "sqrt(1)"),
)

# ── signs that no keyboard has ──────────────────────────────────────────────

_UNUSUAL = re.compile(r"[^\x00-\xb1]|[\^_]\{")
_GREEK_WORD = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]{4}")
_BY_ITSELF = r"(?<![^\W\d_])", r"(?![^\W\d_]|[\u0300-\u036f])"
_ORDINALS = {"th", "nd", "rd", "st"}


def _sign(match: Match) -> list[Piece]:
    return [_apart(match, SIGNS[match.group()])]


def _letter(match: Match) -> list[Piece]:
    """The name of a Greek letter; in ``5 µm`` and ``3 kΩ`` it is a unit."""
    text, char = match.string, match.group()
    before, after = text[max(0, match.start() - 3) : match.start()], text[match.end() :][:2]
    if char == "Ω" and re.search(r"\d\s?[kM]?$", before):
        return [match.span()]
    if char == "μ" and re.search(r"\d\s?$", before) and re.match(r"[smgAVWFlL]\b", after):
        return [match.span()]
    return [_apart(match, GREEK[char])]


def _raised(match: Match) -> list[Piece]:
    said = "".join(SUPERSCRIPTS[char] for char in match.group(1))
    if said in _ORDINALS:
        return [said]
    return [f"{_script_of('^', said)}{_gap(match)}"]


def _lowered(match: Match) -> list[Piece]:
    """A number below a capital is part of a name: ``F₁``, ``H₂O``."""
    said = "".join(SUBSCRIPTS[char] for char in match.group(1))
    before, after = match.string[match.start() - 1], match.string[match.end() :][:1]
    if said.isdigit() and (before.isupper() or after.isupper()):
        return [f"{said}{' ' * after.islower()}"]
    return [f"{_script_of('_', said)}{_gap(match)}"]


def _script_of(sign: str, said: str) -> str:
    return sign + (said if re.fullmatch(r"-?\w+", said) else f"({said.strip('()')})")


def _upright(match: Match) -> list[Piece]:
    """A letter of Unicode's mathematical alphabets."""
    return [unicodedata.normalize("NFKC", match.group())]


def _marked(match: Match) -> list[Piece]:
    apart = unicodedata.normalize("NFD", match.group())
    return [apart[0], *(f"_{ACCENTS[sign]}" for sign in apart[1:])]


_SIGNS: tuple[Rule, ...] = (
    _SCRIPT,
    (re.compile("[\U0001d400-\U0001d7ff]"), _upright),
    (
        re.compile(
            rf"{_BY_ITSELF[0]}(?:[A-Za-zα-ω][{''.join(ACCENTS)}]|[ŷŶŵẑĉĝĥŝĵȳỹ]){_BY_ITSELF[1]}"
        ),
        _marked,
    ),
    (re.compile(rf"(?<=\S)\^?([{''.join(SUPERSCRIPTS)}]+)"), _raised),
    (re.compile(rf"(?<=\S)_?([{''.join(SUBSCRIPTS)}]+)"), _lowered),
    (re.compile(f"[{''.join(SIGNS)}]"), _sign),
    _rule(r"√[ \t]*(\w+|(?=\())", "sqrt(1)"),
    _rule(r"(?<![^\W_])∂[ \t]*", "d"),
    _rule(r"(?<=[^\W_])∂[ \t]*", " d"),
)
_LETTERS: tuple[Rule, ...] = (
    _rule(r"Σ(?=[ \t]*(?:[,)^]|is\b|$))", "Sigma"),
    (re.compile("Σ"), lambda match: [_apart(match, "sum")]),
    _rule(rf"([{''.join(GREEK)}])(?=\d)", "1_"),
    (re.compile(f"[{''.join(GREEK)}]"), _letter),
)

# ── arithmetic as it is typed ───────────────────────────────────────────────

_OPERATOR = re.compile(r"[=+*/^_()~×−·÷-]")
_LEFT = r"(?<=[\w)\]}|'])"
_RIGHT = r"(?=[-\w(\[{|\\])"
_DOT = r"[ \t]+·[ \t]*|·[ \t]+|(?<![a-z]{2})·|·(?![a-z]{2})"  # Catalan has one within words
_LIBRARY = r"\b(?:np|numpy|math|torch|jnp)\.(?:linalg\.|special\.)?"
_CALLS = "|".join([*FUNCTIONS, *"mean sum abs dot prod var std maximum minimum norm".split()])
_QUANTITY = rf"(?:[B-HJ-Zb-hj-z]|{'|'.join(GREEK.values())}|[A-Za-z]{{1,30}}[_^][\w^]{{1,30}})"
_TERM = rf"(?:{_QUANTITY}\b|\((?=[^()]*[-+*/^_=\d])|(?:{_CALLS})\b|\w+\()"


def _power_of_e(match: Match) -> list[Piece]:
    group = 1 if match.group(1) is not None else 2
    return ["exp(", match.span(group), ")"]


def _operator(pattern: str) -> Rule:
    """A sign, the one group of a pattern that is found, with a blank on either side.

    Those in an address stay.
    """
    return re.compile(rf"(?:https?://|www\.)\S+|{pattern}"), _spaced


def _spaced(match: Match) -> list[Piece]:
    return [" ", match.span(match.lastindex), " "] if match.lastindex else [match.span()]


_ARITHMETIC: tuple[Rule, ...] = (
    _rule(rf"{_LIBRARY}(?=(?:{_CALLS})\b)"),
    _rule(r"(?<![-<>=])--?>(?!>)", "→"),
    # Dimensions and factors are told with an x.
    _rule(r"(\d)[ \t]*×[ \t]*(?=\d)(?!10\^)", "1x"),
    _rule(r"(?<=\d)×(?=[ \t]+[A-Za-z]{2}|[-.,;:)]|\s*$)", "x"),
    _rule(r"(?<=\d)[ \t]x[ \t](?=\d)", "x"),
    _rule(rf"{_LEFT}(?:[ \t]*[{TIMES}][ \t]*|{_DOT})(?=[-−\w(\[{{|\\])", " * "),
    _rule(rf"{_LEFT}[ \t]*÷[ \t]*{_RIGHT}", "/"),
    _rule(r"(?<=[\w)\]])(?:\*\*|[ \t]\*\*[ \t])(?=[-\w(])", "^"),
    _rule(r"([\^_])\((-?\w+)\)", "12"),
    _rule(r"(?<=\w)([\^_])[ \t](?=\w)", "1"),
    # One letter with a number below it is a name: F_1, L_2, H_2O.
    _rule(r"(?<=[A-Z])_(?=\d(?!\w*[_\d]))"),
    (re.compile(r"(?<![\w^_.)])e\^(?:\(([^()]*)\)|(-?\w+))"), _power_of_e),
    # A minus is one of two sides, or a sign.
    _rule(rf"{_LEFT}(?:−|[ \t]+−[ \t]+){_RIGHT}", "-"),
    _rule(r"−[ \t]*(?=\d)", "-"),
    _rule(r"(?<=[=(\[{^_*/+<>~])([ \t]?)−[ \t]*(?=[\w(\[{|\\])", "1-"),
    _rule(r"(?<=\w[ \t])−(?=[\w(])", "-"),
    _rule(
        rf"((?<![\w.]){_QUANTITY}|(?<![\w.])\d+(?=[ \t]-[ \t]\D)|[)\]])[ \t]-[ \t](?={_TERM})", "1-"
    ),
    _rule(rf"((?<![\w.]){_QUANTITY})[ \t]-[ \t](?=\d)", "1-"),
    _operator(rf"{_LEFT}(?:(\*)|[ \t](\*)[ \t]){_RIGHT}"),
    _operator(rf"{_LEFT}(?:(\+)|[ \t](\+)[ \t]){_RIGHT}"),
    _rule(r"(?<=[)\]}])[ \t]*/[ \t]*(?=\S)", "/"),
    _rule(r"(?<=\w)[ \t]*/[ \t]*(?=\()", "/"),
    _rule(r"(?<=\()[ \t]+|(?<![ \t])[ \t]+(?=\))"),
    _rule(r"\b(log|ln|exp|sqrt|tanh|sin|cos|sigma|sigmoid|softmax)[ \t](?=\()", "1"),
    _operator(r"""(?<=[\w)\]}|'"^%])[ \t]*(<=|>=|!=|==|=(?![=>]))[ \t]*(?=[-−\w(\[{|\\~.])"""),
)
