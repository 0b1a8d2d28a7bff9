"""Bank entries: loading them, and patching their sources with a rubric's corrections."""

from __future__ import annotations

from pathlib import Path

from grader.bank.records import BankEntry, Correction, Rubric, Source
from grader.bank.yaml_records import load_record
from grader.errors import CorrectionError
from grader.reading.text import fold
from grader.records import Reference


def load_entry(file: Path) -> BankEntry:
    """The bank entry in a file.

    Raises:
        DataFileError: the file breaks the format, or its id is not the file's name.
    """
    entry = load_record(file, BankEntry)
    _require_name(file, entry.id, "id")
    return entry


def _require_name(file: Path, name: str, key: str) -> None:
    from grader.errors import DataFileError

    if file.stem != name:
        raise DataFileError(
            f"'{name}' must be the file's name: rename the file to {name}.yaml", file=file, key=key
        )


def patch_sources(entry: BankEntry, rubric: Rubric, file: Path) -> tuple[Source, ...]:
    """The entry's sources with every corrected claim replaced.

    Raises:
        CorrectionError: a correction names no source of the entry, or a claim that
            stands there never or more than once. ``file`` is the rubric's, for the message.
    """
    sources, faults = _patch(entry, rubric, file)
    if faults:
        raise faults[0]
    return sources


def correction_faults(entry: BankEntry, rubric: Rubric, file: Path) -> list[CorrectionError]:
    """All that ``patch_sources`` would refuse, not only the first."""
    return _patch(entry, rubric, file)[1]


def _patch(
    entry: BankEntry, rubric: Rubric, file: Path
) -> tuple[tuple[Source, ...], list[CorrectionError]]:
    sources = {source.id: source for source in entry.sources}
    faults: list[CorrectionError] = []
    for i, correction in enumerate(rubric.corrections):
        key = f"corrections[{i}]"
        source = sources.get(correction.source)
        if source is None:
            fault = CorrectionError(
                f"'{correction.id}' corrects source {correction.source}, "
                f"which bank entry '{entry.id}' does not have",
                file=file,
                key=f"{key}.source",
            )
            faults.append(fault)
            continue
        try:
            sources[source.id] = _patched(source, correction, file, key)
        except CorrectionError as error:
            faults.append(error)
    return tuple(sources.values()), faults


def _patched(source: Source, correction: Correction, file: Path, key: str) -> Source:
    wanted = fold(correction.claim)
    hits = [i for i, claim in enumerate(source.claims) if fold(claim) == wanted]
    if len(hits) != 1:
        found = f"{len(hits)} times" if hits else "nowhere"
        raise CorrectionError(
            f"the claim that '{correction.id}' corrects stands {found} in source {source.id}: "
            "copy it word for word from the bank entry",
            file=file,
            key=f"{key}.claim",
        )
    claims = [correction.now if i == hits[0] else claim for i, claim in enumerate(source.claims)]
    return source.model_copy(update={"claims": tuple(claims)})


def references(entry: BankEntry, sources: tuple[Source, ...]) -> tuple[Reference, ...]:
    """All reference answers: our own first, then the corrected sources."""
    own = [Reference(origin="model", text=text) for text in entry.references]
    corrected = [Reference(origin=s.id, text=" ".join(s.claims)) for s in sources]
    return (*own, *corrected)
