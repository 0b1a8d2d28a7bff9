"""What is shown while a batch goes on."""

import pytest

from grader.batch.ledger import Plan
from grader.batch.runner import Progress
from grader.cli import progress as shown
from grader.cli.progress import Pace, describe, showing


class Clock:
    """A clock that a test winds."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def grading(done, **more):
    return Progress(stage="grading", done=done, total=100, **more)


def test_rate_and_time_left_leave_out_the_first_chunk():
    clock = Clock()
    pace = Pace(clock)
    clock.now += 9  # the models are loaded
    assert pace.measure(grading(20)) == (None, None)
    clock.now += 4
    assert pace.measure(grading(60)) == (10.0, 4.0)
    assert pace.measure(Progress(stage="writing", done=1, total=None)) == (None, None)
    clock.now += 1
    assert pace.measure(Progress(stage="writing", done=6, total=None)) == (5.0, None)


def test_only_what_there_is_to_say_is_said():
    assert describe(grading(1), (None, None), None) == ""
    progress = grading(1, review=2, failed=3)
    assert describe(progress, (7.6, 3661.0), 0.12345) == (
        "8 a second, 1:01:01 left, 2 to review, 3 not gradable, cost 0.1235"
    )
    assert describe(grading(1), (1.0, 65.0), 0.0) == "1 a second, 1:05 left"


def test_without_a_terminal_there_are_plain_lines(capsys, monkeypatch):
    monkeypatch.setattr(shown, "_LINE_EVERY", 0.0)
    with showing("auto", lambda: None, lambda: None) as watch:
        watch.note("read as cp1252")
        watch.plan(Plan(rows=9, distinct=8, to_grade=5, anew={"the rubric": 2}))
        watch.progress(grading(5))
        watch.progress(Progress(stage="writing", done=9, total=None))
    assert capsys.readouterr().err.splitlines() == [
        "grade: read as cp1252",
        "grade: 3 answers were graded before, 5 still to be graded",
        "grade: 2 answers are graded again, since this has changed: the rubric",
        "grading: 5 of 100",
        "writing: 9",
    ]


def test_on_a_terminal_there_is_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with showing("auto", lambda: None, lambda: None) as watch:
        watch.progress(grading(50))
    assert "50/100" in capsys.readouterr().err


@pytest.mark.parametrize("style", ["auto", "json"])
def test_every_report_gives_ctrl_c_its_moment(style):
    def stop():
        raise KeyboardInterrupt

    with showing(style, stop, lambda: None) as watch, pytest.raises(KeyboardInterrupt):
        watch.progress(grading(1))
