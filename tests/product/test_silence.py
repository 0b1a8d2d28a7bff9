"""Nothing is sent, nothing is looked up, nothing is left behind: real processes, traced.

Each runs under an empty HOME, in a network namespace of its own that reaches nothing.
"""

import os
import re
import shutil
import subprocess
import sys
from functools import cache

import pytest

from tests.support.own_bank import ROOT

LIBRARY = """
from grader import Grader
grade = Grader().grade("Units are dropped at random in training.", q="dropout")
assert 0 < grade.score < 1
import os
assert "ORT_DISABLE_TELEMETRY" not in os.environ
"""
FORK = """
import multiprocessing
from grader import Grader
def work(text): return Grader().grade(text, q="dropout").score
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(work, ["Units are dropped at random in training."])[0] > 0
"""
TRACED = "connect,sendto,sendmsg,bind,openat,open,creat,mkdir,mkdirat,rename,renameat2,symlink,link"
LOOK_UPS = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")


@cache
def why_not():
    """What is missing to look at processes so, if anything."""
    for tool in ("unshare", "strace"):
        if not shutil.which(tool):
            return f"{tool} is missing"
    made = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"network namespaces can't be made: {made.stderr.strip()}"
    traced = subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False)
    return "processes can't be traced" if traced.returncode else ""


@pytest.fixture
def watch(tmp_path):
    """Run a command; what it asked of the network, and the files that it made, come back."""
    if reason := why_not():
        pytest.skip(reason)
    home, work, log = tmp_path / "home", tmp_path / "work", tmp_path / "trace"
    home.mkdir()
    work.mkdir()

    def run(*command, **variables):
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "PYTHONPATH", "LANG"}}
        surroundings = kept | {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"} | variables
        tracer = ["unshare", "--net", "strace", "-f", "-qq", "-s", "300", "-o", str(log)]
        done = subprocess.run(
            [*tracer, "-e", f"trace={TRACED}", *command],
            cwd=work,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = log.read_text(errors="replace").splitlines()
        return [line for line in lines if is_network(line)], written(lines, home, work)

    return run


def is_network(line):
    """A connection, a datagram or the first step of a look-up."""
    if re.search(r"\b(connect|bind|sendto|sendmsg)\(", line):
        return "AF_INET" in line or "AF_NETLINK" in line or "nscd" in line
    return any(f'"{name}"' in line for name in LOOK_UPS[:2])


def written(lines, home, work):
    """Paths opened for writing, made or renamed, outside the working folder."""
    found = set()
    for line in lines:
        call = re.search(r"\b(\w+)\((?:AT_FDCWD, |\d+, )?\"([^\"]+)\"(.*)", line)
        if not call or " = -1 " in line:
            continue
        name, path, rest = call.groups()
        if name in {"connect", "sendto", "sendmsg", "bind"}:
            continue
        if name in {"openat", "open"} and not re.search("O_WRONLY|O_RDWR|O_CREAT", rest):
            continue
        path = os.path.normpath(os.path.join(work, path))  # noqa: PTH118
        if not path.startswith((str(work), "/dev/", "/proc/")):
            found.add(path)
    return sorted(found | {str(p) for p in home.rglob("*") if p.is_file()})


def grade_command():
    return [sys.executable, "-m", "grader"]


def test_the_watch_sees_what_it_is_there_for(watch, tmp_path):
    code = (
        "import pathlib, socket\n"
        f"pathlib.Path({str(tmp_path / 'home' / 'x')!r}).write_text('x')\n"
        "try: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError: 0\n"
        "try: socket.getaddrinfo('example.org', 80)\nexcept OSError: 0\n"
    )
    network, files = watch(sys.executable, "-c", code)
    assert any("192.0.2.1" in line for line in network)
    assert any("resolv.conf" in line for line in network)
    assert files == [str(tmp_path / "home" / "x")]


def test_the_command_sends_nothing_and_leaves_nothing(watch):
    text = "Units are dropped at random in training."
    network, files = watch(*grade_command(), "--text", text, "--q", "dropout")
    assert (network, files) == ([], [])


@pytest.mark.parametrize("code", [LIBRARY, FORK], ids=["here", "in a worker"])
def test_the_library_sends_nothing_and_leaves_nothing(watch, tmp_path, code):
    (tmp_path / "work" / "program.py").write_text(code)
    network, files = watch(sys.executable, "program.py")
    assert network == []
    # multiprocessing's own semaphores
    assert [f for f in files if not f.startswith("/dev/shm/")] == []


def test_a_batch_leaves_what_it_was_asked_for(watch, tmp_path):
    table = ROOT / "examples" / "candidates.csv"
    network, files = watch(*grade_command(), "batch", str(table), "-o", "graded.csv")
    assert (network, files) == ([], [])
    assert (tmp_path / "work" / "graded.csv").exists()


@pytest.mark.slow
def test_pictures_keep_the_list_of_fonts_in_our_own_cache_folder(watch, tmp_path):
    pytest.importorskip("matplotlib")
    table = ROOT / "examples" / "marked.csv"
    command = [*grade_command(), "eval", str(table), "--max-mark", "10", "--plots", "pictures"]
    network, files = watch(*command)
    assert network == []
    ours = str(tmp_path / "home" / ".cache" / "grader")
    assert files
    assert [f for f in files if not f.startswith((ours, "/tmp/"))] == []
