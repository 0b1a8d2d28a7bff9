"""Headers that are questions of the bank, and columns that only go with one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.bank.catalog import Names
from grader.engine.encoders.base import unit_vectors
from grader.errors import TableError
from grader.grading import Grader
from grader.tables.cells import as_text
from grader.tables.columns import ADDED, NO_PART, PARTS, SCHEME_NAMES, WIDE, is_alike, option
from grader.tables.table import Table, Wanted

# Below this cosine with every prompt of the bank a header is taken for no question, above it
# only a person can say. It decides what is asked, never what is graded.
_ASK_FROM = 0.6
_NUMBERING = re.compile(r"^\s*(q(uestion)?\s*)?\d+\s*[.):\]-]\s*", re.IGNORECASE)
_TRAILER = re.compile(r"\s*(\*|\([^()]*\)|\[[^\[\]]*\])\s*$")
_TAG = re.compile(r"<[^<>]+>")
_ANSWER_NUMBER = re.compile(
    r"(?:student )?(?:response|answer|antwort|respuesta|réponse|resposta|risposta|antwoord)"
    r"\s*#?(\d+)",
    re.IGNORECASE,
)
_SHORT_NUMBER = re.compile(r"q\.?\s*(\d+)(?:_text)?", re.IGNORECASE)
_QUESTION_NUMBER = re.compile(
    r"(?:question|frage|pregunta|pergunta|domanda|vraag)\s*#?(\d+)", re.IGNORECASE
)
_BASE_WORDS = 3
# What forms and courses call the columns beside a question, in a few languages.
_BESIDE = set(
    "score scores point points pts feedback grade grades mark marks comment comments remark note "
    "notes correct right key solution possible max maximum auto manual time duration "
    "punkte punktzahl bewertung feedback kommentar kommentare anmerkung rückmeldung note lösung "
    "puntos puntuación puntaje comentario comentarios calificación retroalimentación nota "
    "pontos pontuação comentários avaliação commentaire commentaires remarque remarques "
    "punti punteggio commento commenti valutazione punten opmerking beoordeling".split()
)
_MARK = re.compile(r"[\d\s.,/%+*-]+")


def wanted_names(names: Names, mapping: Sequence[str], *more: str) -> Wanted:
    """Tells names of columns that a run looks for.

    Args:
        names: of the bank's questions.
        mapping: ``PART=COLUMN`` as the user says.
        more: other columns that are looked for.
    """
    mapped = [column for text in mapping for column in (text.partition("=")[2],) if column]
    looked_for = {_plain(name) for name in (*mapped, *more)}

    def wanted(name: str) -> bool:
        return (
            _plain(name) in looked_for
            or name.startswith(WIDE)
            or any(is_alike(name, part) for part in (*PARTS, *SCHEME_NAMES))
            or name in ADDED
            or same_words(name, names) is not None
        )

    return wanted


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _sharing(header: str, names: Names) -> tuple[str, ...]:
    """All questions that a header is the prompt of, where these are several."""
    return next(filter(None, map(names.sharing, _spellings(header))), ())


def same_words(header: str, names: Names) -> str | None:
    """The slug, if the header is a prompt or alias but for numbering, marks and punctuation."""
    for text in _spellings(header):
        if len(text.split()) < 2:  # noqa: PLR2004  # 'Loss' may be a column of anything
            continue
        slug = names.find(text)
        if slug is not None:
            return slug
    return None


def _spellings(header: str) -> list[str]:
    """The header with and without its numbering and what follows its words."""
    texts = [header, _NUMBERING.sub("", header)]
    return [*texts, *(_TRAILER.sub("", text) for text in texts)]


@dataclass(frozen=True, slots=True)
class Matched:
    """The questions that columns answer, and how that is known."""

    slugs: Mapping[str, str]
    """Question by column."""
    notes: tuple[str, ...] = ()


def match(
    columns: Sequence[str], grader: Grader, table: Table, taken: set[str], *, q: str | None = None
) -> Matched:
    """The question of each header that is one, in the bank's own words.

    Args:
        columns: that may be answers.
        grader: knows the bank.
        table: whose they are; cells are read where headers leave it open.
        taken: questions that are answered by other columns.
        q: the question of all rows, for advice.

    Raises:
        TableError: two columns answer one question, or one may be an answer and only the user
            can say to what; the message says what to type.
    """
    names = grader.catalog.names()
    sure: dict[str, str] = {}
    open_: list[str] = []
    for column in columns:
        slug = same_words(column, names)
        if slug is None:
            open_.append(column)
        elif sharing := _sharing(column, names):
            raise TableError(
                f"{table.name}: '{column}' is the prompt of several questions, "
                f"{' and '.join(sharing)}: say which with {option(f'{WIDE}SLUG', column)}"
            )
        elif slug in taken or slug in sure.values():
            first = next((c for c, s in sure.items() if s == slug), f"{WIDE}{slug}")
            raise TableError(
                f"{table.name}: two columns answer {slug}: '{first}' and '{column}': leave one "
                f"out with {option(NO_PART, column)}"
            )
        else:
            sure[column] = slug
    numbered = _numbered(open_, names, table)
    if not sure and not taken:
        _refuse_unknown(numbered, table, q)
    by_cells = {c: slug for c, (slug, _) in numbered.items() if slug is not None}
    _check_likely([c for c in open_ if c not in numbered], grader, table)
    notes = [f"column '{c}' answers {slug}" for c, slug in sure.items()]
    notes += [f"column '{c}' answers {s}, as '{numbered[c][1]}' says" for c, s in by_cells.items()]
    return Matched(sure | by_cells, tuple(notes))


def _check_likely(headers: Sequence[str], grader: Grader, table: Table) -> None:
    unsure = _likely(headers, grader)
    if unsure:
        column, slug = next(iter(unsure.items()))
        raise TableError(
            f"{table.name}: {len(unsure)} of its columns may be a question: '{column}' is perhaps "
            f"{slug}: say {option(WIDE + slug, column)} or, if it is none, "
            f"{option(NO_PART, column)}"
        )


def _likely(headers: Sequence[str], grader: Grader) -> dict[str, str]:
    """The nearest question of each header that is near enough to ask about."""
    worth = [h for h in headers if len(h.split()) > 2]  # noqa: PLR2004
    if not worth:
        return {}
    named = [(t, s.id) for s in grader.catalog.summaries() for t in (s.prompt, *s.aliases)]
    cosines = (
        unit_vectors(grader.encoder, worth) @ unit_vectors(grader.encoder, [t for t, _ in named]).T
    )
    best = cosines.argmax(axis=1)
    return {
        header: named[int(n)][1]
        for header, n, row in zip(worth, best, cosines, strict=True)
        if row[n] >= _ASK_FROM
    }


# ── columns that go with a question ─────────────────────────────────────────


def without_companions(columns: Sequence[str], names: Names, table: Table) -> list[str]:
    """The columns without those that hold points or feedback of another: ``Q [Score]``.

    Such a header is another one's and some words before or after it. What these words mean is
    known, or the column holds nothing but marks.
    """
    bases = [c for c in columns if _is_base(c, names)]
    rests = {c: rest for c in columns for base in bases if (rest := _rest(c, base)) is not None}
    known = {c for c, rest in rests.items() if _BESIDE & set(re.findall(r"[^\W\d_]+", rest))}
    asked = [c for c in rests if c not in known and not c.startswith(WIDE)]
    known |= set(_of_marks(asked, table))
    return [c for c in columns if c not in known]


def _is_base(column: str, names: Names) -> bool:
    long = len(column.split()) >= _BASE_WORDS
    return long or column.startswith(WIDE) or same_words(column, names) is not None


def _rest(column: str, base: str) -> str | None:
    """What a header says beside another that it holds; None if it does not hold it."""
    whole, part = _plain(column), _plain(base)
    if len(whole) <= len(part):
        return None
    if whole.startswith(part) and not whole[len(part)].isalpha():
        return whole[len(part) :]
    if whole.endswith(part) and not whole[-len(part) - 1].isalpha():
        return whole[: -len(part)]
    return None


def _of_marks(columns: Sequence[str], table: Table) -> Iterator[str]:
    """Those whose cells are all empty or numbers, and not all empty."""
    if not columns:
        return
    left, filled = set(columns), set()
    for row in table.rows():
        for column in list(left):
            text = as_text(row.get(column)).strip()
            filled |= {column} if text else set()
            if text and not _MARK.fullmatch(text):
                left.discard(column)
    yield from (c for c in columns if c in left & filled)


# ── numbered answers, as courses export them ────────────────────────────────


def _numbered(
    columns: Sequence[str], names: Names, table: Table
) -> dict[str, tuple[str | None, str]]:
    """The question of ``Response 1`` where a column ``Question 1`` names it in every row."""
    answers = _by_number(columns, _ANSWER_NUMBER) or _by_number(columns, _SHORT_NUMBER)
    asked = _by_number(table.columns, _QUESTION_NUMBER)
    found: dict[str, set[str | None]] = {asked[n]: set() for n in answers if n in asked}
    if found:
        for row in table.rows():
            for column, slugs in found.items():
                text = " ".join(_TAG.sub(" ", as_text(row.get(column))).split())
                if text and text != "-":
                    slugs.add(same_words(text, names))
    result: dict[str, tuple[str | None, str]] = {}
    for number, column in answers.items():
        question = asked.get(number, "")
        slugs = found.get(question, set())
        result[column] = (next(iter(slugs)) if len(slugs) == 1 else None, question)
    return result


def _by_number(columns: Iterable[str], pattern: re.Pattern[str]) -> dict[int, str]:
    matches = ((pattern.fullmatch(c.strip()), c) for c in columns)
    return {int(match[1]): column for match, column in matches if match}


def _refuse_unknown(
    numbered: Mapping[str, tuple[str | None, str]], table: Table, q: str | None
) -> None:
    unknown = [c for c, (slug, _) in numbered.items() if slug is None]
    if not unknown:
        return
    if q is not None and len(unknown) == 1:
        raise TableError(
            f"{table.name}: has no column 'answer': if it is '{unknown[0]}', add "
            + option("answer", unknown[0])
        )
    listed = ", ".join(f"'{c}'" for c in unknown)
    ways = " ".join(option(f"{WIDE}SLUG", c) for c in unknown)
    raise TableError(
        f"{table.name}: {listed} may be answers: say which question each answers with {ways} "
        f"('grade bank list' shows the slugs), or leave out one that isn't an answer with "
        f"{option(NO_PART, unknown[0])}"
    )
