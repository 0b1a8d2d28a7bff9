"""Where bundled data and models lie. No other module knows."""

from __future__ import annotations

import hashlib
from pathlib import Path

from grader.errors import ModelError

_PACKAGE = Path(__file__).parent
_SUMS = "SHA256SUMS"
_FOR_PEOPLE = frozenset({"README.md", "LICENSE"})
BANKS = ("deep-learning", "general")
"""The bundled banks by name; the first is used where none is chosen."""


def data_folder(name: str) -> Path:
    """The bundled ``bank`` or ``rubrics`` folder.

    In an installed wheel they lie in ``grader/_data``; in a checkout beside
    ``pyproject.toml``.
    """
    installed = _PACKAGE / "_data" / name
    checkout = _PACKAGE.parent
    if not installed.is_dir() and (checkout / "pyproject.toml").is_file():
        return checkout / name
    return installed


def bank_folder(kind: str, bank: str) -> Path:
    """The ``bank`` or ``rubrics`` folder of a bundled bank: the first's is the top one itself."""
    top = data_folder(kind)
    return top if bank == BANKS[0] else top / bank


def schema_file(name: str) -> Path:
    """A JSON Schema, such as ``rubric``."""
    return _PACKAGE / "schemas" / f"{name}.schema.json"


def prompt_text(folder: str, name: str) -> str:
    """The rules of a prompt, such as ``prompt`` of the ``judge``."""
    return (_PACKAGE / folder / f"{name}.md").read_text(encoding="utf-8")


def model_folder(name: str) -> Path:
    """The folder of a bundled model, its files checked against their SHA-256.

    Raises:
        ModelError: a file is missing or damaged.
    """
    folder = _PACKAGE / "models" / name
    verify_checksums(folder)
    return folder


def verify_checksums(folder: Path) -> None:
    """Check every file that ``SHA256SUMS`` in the folder names.

    Raises:
        ModelError: the list or a file is missing, or a file was changed.
    """
    try:
        lines = (folder / _SUMS).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ModelError(f"{folder}: {_SUMS} can't be read: reinstall answer-grader") from error
    for line in lines:
        digest, name = line.split(maxsplit=1)
        file = folder / name
        try:
            actual = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelError(
                f"{file}: model file can't be read: reinstall answer-grader"
            ) from error
        if actual != digest:
            raise ModelError(
                f"{file}: model file is damaged (SHA-256 differs): reinstall answer-grader"
            )


def contents(folder: Path) -> str:
    """One SHA-256 (hex) for all files of a folder that has no checksum list, names included."""
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{digest}  {file.relative_to(folder).as_posix()}\n".encode())
    return whole.hexdigest()


def checksum(folder: Path) -> str:
    """One SHA-256 (hex) for all of a model folder that may change a grade.

    It is that of its checksum list, less the lines for card and licence.
    """
    lines = (folder / _SUMS).read_text(encoding="utf-8").splitlines(keepends=True)
    telling = (line for line in lines if line.split(maxsplit=1)[1].strip() not in _FOR_PEOPLE)
    return hashlib.sha256("".join(telling).encode()).hexdigest()
