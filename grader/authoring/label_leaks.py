"""Whether the words alone of a contrast set give its labels away (needs scikit-learn)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.bank.records import ContrastSet
from grader.errors import InputError, MissingExtraError

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Cue:
    """How well a bag of words tells classes apart on questions it has not seen.

    ``accuracy`` is the mean of the classes' recalls; ``chance`` one over their number.
    """

    task: str
    accuracy: float
    chance: float


Labelled = tuple[str, str, int]  # text, class, number of the question


def measure_cues(contrasts: Sequence[ContrastSet]) -> list[Cue]:
    """Cross-validate a bag-of-words classifier, questions left out in turn.

    Raises:
        InputError: there are contrast sets of too few questions.
        MissingExtraError: scikit-learn is not installed.
    """
    points = [row for i, c in enumerate(contrasts) for row in _key_point_rows(c, i)]
    wrong = [row for i, c in enumerate(contrasts) for row in _misconception_rows(c, i)]
    said = [row for row in points if row[1] != "near"]
    tasks = {
        "covered, contradicted or near": points,
        "covered or contradicted": said,
        "asserted or denied": wrong,
    }
    return [_measure(task, rows) for task, rows in tasks.items()]


def _measure(task: str, rows: Sequence[Labelled]) -> Cue:
    n = len({question for _, _, question in rows})
    if n < FOLDS:
        raise InputError(
            f"'{task}' can be measured on contrast sets of at least {FOLDS} questions; here are {n}"
        )
    try:
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import balanced_accuracy_score
        from sklearn.model_selection import GroupKFold, cross_val_predict
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "evaluation") from error
    texts, classes, questions = zip(*rows, strict=True)
    model = make_pipeline(
        CountVectorizer(ngram_range=(1, 2), min_df=2),
        # liblinear is twenty times quicker than the default here.
        OneVsRestClassifier(LogisticRegression(C=0.3, class_weight="balanced", solver="liblinear")),
    )
    guessed = cross_val_predict(model, texts, classes, groups=questions, cv=GroupKFold(FOLDS))
    accuracy = float(balanced_accuracy_score(classes, guessed))
    return Cue(task, accuracy, 1 / len(set(classes)))


def _key_point_rows(contrast: ContrastSet, question: int) -> Iterator[Labelled]:
    for sets in contrast.key_points.values():
        for kind in ("covered", "contradicted", "near"):
            yield from ((text, kind, question) for text in getattr(sets, kind))


def _misconception_rows(contrast: ContrastSet, question: int) -> Iterator[Labelled]:
    for sets in contrast.misconceptions.values():
        for kind in ("asserted", "denied"):
            yield from ((text, kind, question) for text in getattr(sets, kind))
