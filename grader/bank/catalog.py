"""All the questions there are: bundled ones, and a user's own that add to or replace them."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from pydantic import ConfigDict, RootModel, ValidationError

from grader.bank.entries import load_entry
from grader.bank.records import BankEntry, Rubric
from grader.bank.rubrics import CONTRAST_SUFFIX, build_question, load_rubric
from grader.errors import DataFileError, InputError, UnknownQuestionError
from grader.files import write_whole
from grader.reading.text import fold, words
from grader.records import Question, Record
from grader.resources import BANKS, bank_folder
from grader.settings import Settings

INDEX = "index.json"
NO_RUBRIC = "has no rubric: write {slug}.yaml in the rubrics folder"
_SUGGESTIONS = 3
_SLUG = re.compile(r"[a-z0-9-]{1,80}")
_NAME_LIMIT = 200  # a longer one is no name, and comparing it would take minutes
_KEPT = 8
_WEIGHTS = (4, 2, 1)  # a word in the slug, in an alias, in prompt or topic


@dataclass(frozen=True, slots=True)
class Summary:
    """A question as ``grade bank list`` shows it."""

    id: str
    prompt: str
    aliases: tuple[str, ...]
    topic: str
    level: str


Stamp = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of each file of a folder: as long as they stay, so does it."""
Stamped = tuple[Path, Stamp]


class _Row(Record):
    """What the index says of one file."""

    sha256: str
    id: str
    prompt: str
    aliases: tuple[str, ...]
    topic: str
    level: str

    @property
    def summary(self) -> Summary:
        return Summary(self.id, self.prompt, self.aliases, self.topic, self.level)


class _Index(RootModel[dict[str, _Row]]):
    """The whole index: a row for each file, by name."""

    model_config = ConfigDict(defer_build=True)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of all questions, however they are spelt."""

    slugs: Mapping[str, str]
    shared: Mapping[str, tuple[str, ...]]
    """The slugs of several questions with one prompt."""

    def sharing(self, text: str) -> tuple[str, ...]:
        """The slugs of all questions that a text is the prompt of, where these are several."""
        return self.shared.get(_key(text), ())

    def find(self, text: str) -> str | None:
        """The slug of the question that a text names, if it names one."""
        return self.slugs.get(_key(text))


class Catalog:
    """Finds questions by slug, alias or near miss, in folders given from low to high rank."""

    def __init__(
        self,
        banks: Iterable[Path],
        rubrics: Iterable[Path],
        others: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        """Make a catalog.

        Args:
            banks: folders of entries.
            rubrics: folders of rubrics.
            others: bundled banks by name that were not chosen: questions are not taken from
                them, but an unknown one is looked for there, to say where it is.
        """
        self._banks = tuple(banks)
        self._rubrics = tuple(rubrics)
        self._others = others

    @classmethod
    def from_settings(cls, settings: Settings) -> Catalog:
        """The folders of the bundled bank that is chosen, and the user's over them."""
        chosen = settings.bank if isinstance(settings.bank, str) else BANKS[0]
        banks, rubrics = bank_folder("bank", chosen), bank_folder("rubrics", chosen)
        own = [settings.bank] if isinstance(settings.bank, Path) else []
        others = {name: bank_folder("bank", name) for name in BANKS if name != chosen}
        return cls([banks, *own], [rubrics, *filter(None, [settings.rubrics])], others)

    def entry_file(self, slug: str) -> Path | None:
        """The bank entry's file, or None."""
        return _topmost(self._banks, f"{slug}.yaml")

    def rubric_file(self, slug: str) -> Path | None:
        """The rubric's file, or None."""
        return _topmost(self._rubrics, f"{slug}.yaml")

    def contrast_file(self, slug: str) -> Path | None:
        """The contrast set's file, or None."""
        return _topmost(self._rubrics, slug + CONTRAST_SUFFIX)

    def indexed_folders(self) -> list[Path]:
        """The bank folders that hold an index."""
        return [folder for folder in self._banks if (folder / INDEX).is_file()]

    def slugs(self) -> list[str]:
        """Every question that has a bank entry, sorted."""
        return sorted({file.stem for folder in self._banks for file in _yaml_files(folder)})

    def load(self, slug: str) -> tuple[BankEntry, Rubric, Path]:
        """The entry and the rubric as they stand in their files, and the rubric's file.

        Raises:
            UnknownQuestionError: there is no such entry.
            DataFileError: a file breaks its format, or the rubric is missing.
        """
        file = self.entry_file(slug)
        if file is None:
            raise self.unknown(slug)
        rubric = self.rubric_file(slug)
        if rubric is None:
            raise DataFileError(NO_RUBRIC.format(slug=slug), file=file)
        return load_entry(file), load_rubric(rubric), rubric

    def question(self, slug: str) -> Question:
        """The question ready for grading, corrections applied. Reads its own files only.

        Raises:
            UnknownQuestionError, DataFileError, CorrectionError: see ``load``.
        """
        return build_question(*self.load(slug))

    def resolve(self, name: str, reference: str = "") -> str:
        """The slug for a slug, an alias or a prompt, however it is spelt.

        Args:
            name: what is asked for.
            reference: tells which is meant of several questions with one prompt.

        Raises:
            UnknownQuestionError: nothing matches; carries the nearest slugs.
            InputError: several questions have the prompt, and the reference names none of them.
        """
        slug = self._find(name)
        if slug is None:
            raise self.unknown(name)
        sharing = () if slug == name else self.names().sharing(name)
        return self._with_reference(name, sharing, fold(reference)) if sharing else slug

    def _with_reference(self, name: str, slugs: Iterable[str], reference: str) -> str:
        files = {slug: file for slug in slugs if (file := self.entry_file(slug))}
        meant = [s for s, f in files.items() if reference in map(fold, load_entry(f).references)]
        if len(meant) == 1:
            return meant[0]
        raise InputError(
            f"{' and '.join(map(str, files.values()))} have the same prompt, '{name}': name the "
            f"question by its slug, {' or '.join(files)}, or give its reference as it stands there"
        )

    def unknown(self, name: str) -> UnknownQuestionError:
        """What is raised for a name that is no question's: where it is, or what was meant."""
        for bank, folder in self._others.items():
            if Catalog([folder], []).knows(name):
                return UnknownQuestionError(name, bank=bank)
        return UnknownQuestionError(name, self.suggest(name))

    def _find(self, name: str) -> str | None:
        if _SLUG.fullmatch(name) and self.entry_file(name):
            return name
        return self.names().find(name)

    def knows(self, name: str) -> bool:
        """Whether there is a question of that slug, alias or prompt."""
        return self._find(name) is not None

    def names(self) -> Names:
        """Every slug, prompt and alias, to look many texts up at once."""
        return _names(self._stamped())

    def suggest(self, name: str) -> tuple[str, ...]:
        """The slugs that a mistyped name may have meant, nearest first."""
        name = name[:_NAME_LIMIT]
        by_key = {
            _key(text): summary.id
            for summary in self.summaries()
            for text in (summary.id, *summary.aliases)
        }
        near = difflib.get_close_matches(_key(name), by_key, n=2 * _SUGGESTIONS, cutoff=0.6)
        found = [by_key[key] for key in near] or [s.id for s in self.search(name)]
        return tuple(dict.fromkeys(found))[:_SUGGESTIONS]

    def search(self, query: str) -> list[Summary]:
        """Questions that hold words of the query in slug, alias, topic or prompt; best first."""
        wanted = {w.lower() for w in words(query)}

        def weight(s: Summary) -> int:
            bags = (_bag([s.id.replace("-", " ")]), _bag(s.aliases), _bag([s.prompt, s.topic]))
            return sum(len(wanted & bag) * n for bag, n in zip(bags, _WEIGHTS, strict=True))

        ranked = sorted(((weight(s), s) for s in self.summaries()), key=lambda p: (-p[0], p[1].id))
        return [s for w, s in ranked if w > 0]

    def summaries(self) -> list[Summary]:
        """All questions, sorted by slug; an unreadable file of the user's is an error."""
        return list(_summaries(self._stamped()))

    def _stamped(self) -> tuple[Stamped, ...]:
        return tuple((folder, _stamp(folder)) for folder in self._banks)


def write_index(folder: Path) -> None:
    """Write the folder's index: for each file its SHA-256 and its summary."""
    rows = {
        file.name: {"sha256": _digest(file), **asdict(_summary(file))}
        for file in _yaml_files(folder)
    }
    text = json.dumps(rows, indent=1, ensure_ascii=False, sort_keys=True)
    write_whole(folder / INDEX, text + "\n")


def index_is_fresh(folder: Path) -> bool:
    """Whether the folder's index says what the files say."""
    rows = _index_rows(folder)
    files = {file.name: _digest(file) for file in _yaml_files(folder)}
    return files == {name: row.sha256 for name, row in rows.items()}


def _stamp(folder: Path) -> Stamp:
    stats = [(f.name, f.stat()) for f in sorted(folder.iterdir()) if f.suffix in {".yaml", ".json"}]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


@lru_cache(maxsize=_KEPT)
def _names(folders: tuple[Stamped, ...]) -> Names:
    slugs: dict[str, str] = {}
    by_prompt: dict[str, list[str]] = {}
    for summary in _summaries(folders):
        by_prompt.setdefault(_key(summary.prompt), []).append(summary.id)
        for text in (summary.id, summary.prompt, *summary.aliases):
            slugs.setdefault(_key(text), summary.id)
    shared = {prompt: tuple(some) for prompt, some in by_prompt.items() if len(some) > 1}
    return Names(slugs, shared)


@lru_cache(maxsize=_KEPT)
def _summaries(folders: tuple[Stamped, ...]) -> tuple[Summary, ...]:
    """Of the folders as they stand now, so that no name that is looked up reads them again."""
    found: dict[str, Summary] = {}
    for folder, _ in folders:
        found |= _read_index(folder)
    return tuple(found[slug] for slug in sorted(found))


def _read_index(folder: Path) -> dict[str, Summary]:
    """Summaries of a folder; a file that the index does not know as it is now is read."""
    rows = _index_rows(folder)
    found = {}
    for file in _yaml_files(folder):
        row = rows.get(file.name)
        if row and row.sha256 == _digest(file):
            found[file.stem] = row.summary
        else:
            found[file.stem] = _summary(file)
    return found


def _index_rows(folder: Path) -> Mapping[str, _Row]:
    """The rows of the index. It is only a cache: one that is damaged anywhere counts as none."""
    try:
        return _Index.model_validate_json((folder / INDEX).read_bytes()).root
    except (OSError, ValidationError):
        return {}


def _summary(file: Path) -> Summary:
    entry = load_entry(file)
    return Summary(entry.id, entry.prompt, entry.aliases, entry.topic, entry.level)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.glob("*.yaml") if not f.name.endswith(CONTRAST_SUFFIX))


def _topmost(folders: tuple[Path, ...], name: str) -> Path | None:
    for folder in reversed(folders):
        if (folder / name).is_file():
            return folder / name
    return None


def _key(text: str) -> str:
    return " ".join(words(fold(text).replace("-", " ").replace("_", " ")))


def _bag(texts: Iterable[str]) -> set[str]:
    return {w.lower() for text in texts for w in words(text)}
