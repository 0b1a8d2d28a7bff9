"""The checksums that a shipped model is held to."""

from __future__ import annotations

import hashlib
from pathlib import Path


def write_checksums(out: Path) -> None:
    """One line for every other file of the folder."""
    files = sorted(p for p in out.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    lines = (
        f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(out).as_posix()}\n"
        for f in files
    )
    (out / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
