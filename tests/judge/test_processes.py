"""A judge in more than one process, after its end, and for a user without a home."""

import asyncio
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

import pytest

from grader import Grader, Judge, errors
from grader.judge.judge import Case
from grader.settings import Settings
from tests.support.llm_server import Fault, serving, verdicts
from tests.support.own_bank import ROOT

ANSWER = "While training, each unit is set to zero at random with some probability p."


def settings(server, **more):
    return Settings(llm_model="tiny", llm_base_url=server.url, llm_attempts=1, **more)


def good(request, _):
    return verdicts(request)


# ── other processes ─────────────────────────────────────────────────────────


def in_a_fork(work):
    """What the work said in a forked process, which has 60 seconds."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks
        pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(60)
        try:
            said = str(work())
        except errors.GraderError as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        said = stream.read()
    _, status = os.waitpid(pid, 0)
    assert os.WIFEXITED(status), f"the child hung: {status}"
    return said


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


@needs_fork
@pytest.mark.parametrize("used", [False, True], ids=["made", "used"])
def test_a_judge_that_was_forked_says_so_at_once(grader, used):
    question = grader.question("dropout")
    with serving(good) as server, Judge(settings=settings(server)) as judge:
        own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
        if used:
            own.grade(ANSWER, q="dropout")
        for work in (
            lambda: judge.assess([Case(ANSWER, question)]),
            lambda: asyncio.run(judge.assess_async([Case(ANSWER, question)])),
            lambda: own.grade(ANSWER, q="dropout"),
        ):
            said = in_a_fork(work)
            assert said.startswith("JudgeSetupError: the judge was made in another process")
            assert "post_fork" in said
            assert "\n" not in said
        assert in_a_fork(judge.close) == "None", "the child's end takes nothing from the parent"
        assert judge.assess([Case(ANSWER, question)])[0].status == "judged"


@needs_fork
def test_the_advice_works_a_judge_that_is_made_in_each_process(grader):
    question = grader.question("dropout")
    with serving(good) as server, Judge(settings=settings(server, llm_cache="off")) as judge:
        judge.assess([Case(ANSWER, question)])

        def work():
            with Judge(settings=settings(server, llm_cache="off")) as own:
                return own.assess([Case(ANSWER, question)])[0].status

        assert in_a_fork(work) == "judged"


def test_a_judge_that_is_sent_to_another_process_says_so_at_once():
    with serving(good) as server, Judge(settings=settings(server)) as judge:
        own = Grader(Settings(), judge=judge)
        for thing in (judge, own):
            process = multiprocessing.get_context("spawn").Process(target=print, args=(thing,))
            with pytest.raises(errors.JudgeSetupError, match="in each process"):
                process.start()


# ── after the end ───────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("error")
def test_a_closed_judge_says_so_and_nothing_else(grader):
    question = grader.question("dropout")
    with serving(good) as server:
        judge = Judge(settings=settings(server))
        judge.close()
        judge.close()
        own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
        for work in (
            lambda: judge.assess([Case(ANSWER, question)]),
            lambda: asyncio.run(judge.assess_async([Case(ANSWER, question)])),
            lambda: own.grade(ANSWER, q="dropout"),
            lambda: own.grade_many([ANSWER], q="dropout"),
        ):
            with pytest.raises(errors.JudgeSetupError, match="the judge is closed"):
                work()
        assert server.requests == []


@pytest.mark.parametrize("kind", ["plain", "awaited"])
def test_who_waits_for_a_judge_that_is_closed_is_told(grader, kind):
    question = grader.question("dropout")
    there = threading.Event()
    found = []

    def script(*_):
        there.set()
        return Fault(delay=2)

    def wait():
        try:
            if kind == "plain":
                judge.assess([Case(ANSWER, question)])
            else:
                asyncio.run(judge.assess_async([Case(ANSWER, question)]))
        except errors.JudgeSetupError as error:
            found.append(str(error))

    with serving(script) as server:
        judge = Judge(settings=settings(server))
        thread = threading.Thread(target=wait)
        thread.start()
        assert there.wait(20)
        judge.close()
        thread.join(20)
        assert not thread.is_alive()
    assert found
    assert "the judge is closed" in found[0]


# ── nobody's home ───────────────────────────────────────────────────────────

NOBODY = 12_345
"""A user id that no passwd names, as containers have them."""
RUN = "from grader.cli.main import run; run()"


def as_nobody(folder, *args, **env):
    """The command, run by a user without a home and without a name."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        pytest.skip("only root may run a process as a user who is in no passwd")
    kept = {k: v for k, v in os.environ.items() if k not in {"HOME", "XDG_CACHE_HOME"}}
    may_read = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    user = ("--reuid", str(NOBODY), "--clear-groups", *may_read)
    probe = [setpriv, *user, sys.executable, "-c", "import os; print(os.getuid())"]
    if subprocess.run(probe, capture_output=True, check=False).stdout.strip() != b"12345":
        pytest.skip("this machine lets no process change its user")
    return subprocess.run(
        [setpriv, *user, sys.executable, "-c", RUN, *map(str, args)],
        capture_output=True,
        encoding="utf-8",
        env=kept | {"PYTHONPATH": str(ROOT)} | env,
        cwd=folder,
        timeout=120,
        check=False,
    )


def one_line(done, *words):
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    for word in words:
        assert word in line
    return line


def test_offline_grading_needs_no_home(tmp_path):
    done = as_nobody(tmp_path, "--text", ANSWER, "--q", "dropout", "--quiet")
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_the_pictures_of_an_evaluation_need_no_home():
    with tempfile.TemporaryDirectory() as name:  # one that other users may enter
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "in.csv").write_text(
            f'answer,question_id,mark\n"{ANSWER}",dropout,1\nUnits sleep at night.,dropout,0\n'
        )
        done = as_nobody(folder, "eval", "in.csv", "--plots", folder / "plots")
        assert done.returncode == 0, done.stderr
        assert list((folder / "plots").iterdir())
        assert {file.name for file in folder.iterdir()} == {"in.csv", "plots"}


def test_the_judge_of_a_user_without_a_home_says_where_to_put_its_cache(tmp_path):
    with serving(good) as server:
        args = ("--text", ANSWER, "--q", "dropout", "--llm", "--llm-model", "tiny", "--quiet")
        env = {"OPENAI_BASE_URL": server.url}
        done = as_nobody(tmp_path, *args, **env)
        one_line(done, "home folder", "--llm-cache FOLDER", "--llm-cache off")
        assert server.requests == []
        assert os.listdir(tmp_path) == [], "no folder named ~"  # noqa: PTH208
        for way in ("off", tmp_path / "cache"):
            done = as_nobody(tmp_path, *args, "--llm-cache", way, **env)
            assert done.returncode == 0, done.stderr
            assert done.stdout == "1.00\n"
        done = as_nobody(tmp_path, *args, HOME=str(tmp_path), **env)
        assert done.stdout == "1.00\n"
    assert (tmp_path / "cache" / "replies.sqlite").is_file()


def test_the_cache_command_of_a_user_without_a_home(tmp_path):
    one_line(as_nobody(tmp_path, "cache", "info"), "home folder", "--llm-cache")
    one_line(as_nobody(tmp_path, "cache", "clear"), "home folder", "--llm-cache")
    done = as_nobody(tmp_path, "cache", "info", "--llm-cache", tmp_path / "c")
    assert "0 replies" in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "args"),
    [
        ("GRADER_BANK", "~/x", ("bank", "list")),
        ("GRADER_RUBRICS", "~/x", ("--text", ANSWER, "--q", "dropout")),
        ("GRADER_CALIBRATION", "~/x", ("--text", ANSWER, "--q", "dropout")),
        ("GRADER_LLM_CACHE", "~/x", ("cache", "info")),
        ("GRADER_LLM_LOG", "~/x", ("--text", ANSWER, "--q", "dropout")),
        ("GRADER_BANK", "~nobody-of-that-name/x", ("bank", "list")),
    ],
)
def test_a_home_that_is_not_there_is_one_line_that_names_the_setting(tmp_path, name, value, args):
    done = as_nobody(tmp_path, *args, **{name: value})
    setting = name.removeprefix("GRADER_").lower()
    one_line(done, f"{setting} = '{value}'", "no home folder", "in full")


def test_a_home_that_nobody_may_write_to_is_one_line(tmp_path):
    done = as_nobody(tmp_path, "cache", "info", HOME="/proc/none")
    one_line(done, "--llm-cache")
