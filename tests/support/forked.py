"""Real processes that needn't import everything anew: each is forked from one that has.

The first call starts a process that imports what commands import, but for onnxruntime, which
starts threads. It forks for every call; the fork takes over arguments, working folder, environment,
standard input and outputs, and runs and ends as the command does. What Python or a terminal reads
when it starts can't be given to it: such calls get a process of their own
(``tests.support.command``).
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

TIMEOUT = 120.0


def run(args, cwd, env, stdin):
    """Exit code, standard output and standard error (bytes) of ``grade`` with these arguments."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as there:
        files = [str(Path(folder) / name) for name in ("stdin", "stdout", "stderr")]
        Path(files[0]).write_bytes(stdin)
        there.settimeout(TIMEOUT)
        there.connect(_address())
        asked = {"args": args, "cwd": cwd, "env": env, "files": files}
        there.sendall(json.dumps(asked).encode() + b"\n")
        code = int(there.makefile().readline())
        return code, *(Path(file).read_bytes() for file in files[1:])


@cache
def _address():
    folder = tempfile.TemporaryDirectory()
    address = str(Path(folder.name) / "socket")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.forked", address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    atexit.register(folder.cleanup)
    atexit.register(process.kill)
    assert process.stdout.readline() == b"ready\n"
    return address


def _serve(address):
    for module in ("pandas", "grader.grading", "grader.judge.judge"):
        import_module(module)
    from grader.cli.main import run as command

    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a command
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        caller, _ = server.accept()
        if os.fork():
            caller.close()
            continue
        server.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        asked = json.loads(caller.makefile().readline())
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            caller.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        caller.close()
        _become(asked)
        import_module("tests.support.read_once").install()
        command(asked["args"])
        return


def _become(asked):
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    stdin, *outputs = asked["files"]
    os.dup2(os.open(stdin, os.O_RDONLY), 0)
    for number, file in enumerate(outputs, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.argv = ["grade", *asked["args"]]


if __name__ == "__main__":
    _serve(sys.argv[1])
