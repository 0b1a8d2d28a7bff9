"""Files that are written whole or not at all."""

import os

import pytest

from grader.errors import OutputError
from grader.files import check_output, write_whole


def test_a_file_is_replaced_as_a_whole(tmp_path):
    file = tmp_path / "page.html"
    write_whole(file, "old")
    write_whole(file, "näw")
    assert file.read_text(encoding="utf-8") == "näw"
    write_whole(file, b"\x00")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_a_link_stays_one_and_a_file_keeps_who_may_read_it(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    write_whole(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o600


def test_what_is_no_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="not a file that can be replaced"):
        check_output(pipe, force=True)


def test_what_can_not_be_written_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("folder", "x" * 300):
        with pytest.raises(OutputError, match="can't be written"):
            write_whole(tmp_path / name, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    # A limit of the process plays the full disk: files of more than 4 kB can't be written.
    import resource
    import signal

    file = tmp_path / "page.html"
    write_whole(file, "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OutputError, match="can't be written"):
            write_whole(file, "new" * 4096)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
