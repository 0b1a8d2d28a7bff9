"""Errors cross from one process to another as they are."""

import copy
import inspect
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from grader import errors
from grader.errors import (
    CorrectionError,
    DataFileError,
    GraderError,
    JudgeError,
    MissingExtraError,
    UnknownQuestionError,
)


def made(kind):
    """An error of this class, with everything that it can carry."""
    if issubclass(kind, DataFileError):
        return kind("unknown key", file="tea.yaml", line=3, key="key_points[0].colour")
    if issubclass(kind, JudgeError):
        return kind("asked to wait", retry_after=1.5)
    if kind is UnknownQuestionError:
        return kind("x", ("dropout",))
    if kind is MissingExtraError:
        return kind("openai", "llm")
    return kind("went wrong")


CLASSES = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, GraderError)
]
ODD = [made(kind) for kind in (DataFileError, CorrectionError, UnknownQuestionError)]


def same(found, error):
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert found.args == error.args
    assert vars(found) == vars(error)


def fail(place):
    raise ODD[place]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_is_the_same_after_pickling(kind, protocol):
    error = made(kind)
    error.add_note("seen in row 3")
    same(pickle.loads(pickle.dumps(error, protocol)), error)  # noqa: S301  # our own


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_can_be_copied(kind):
    same(copy.deepcopy(made(kind)), made(kind))


def test_an_error_of_a_worker_arrives_and_leaves_the_pool_whole():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for place, error in enumerate(ODD):
            found = pool.submit(fail, place).exception(timeout=60)
            assert type(found) is type(error)
            assert str(found) == str(error)
        assert pool.submit(abs, -1).result(timeout=60) == 1
