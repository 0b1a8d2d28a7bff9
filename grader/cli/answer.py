"""``grade FILE``: options to a grade, a grade to a printout."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer

from grader.cli.judge import open_judge, print_forecast, tell_of, tell_of_failure
from grader.cli.options import AnswerOptions
from grader.engine.feedback import score_in_digits
from grader.errors import InputError
from grader.files import read_answer
from grader.grading import Grader
from grader.records import Grade, Question
from grader.settings import load_settings


def grade_answer(options: AnswerOptions) -> int:
    """Grade and print; 0, or 1 where the score is under ``fail_under``.

    Raises:
        InputError: something that was given is wrong.
    """
    judging = options.judge.settings(asked_for_more=options.dry_run)
    settings = load_settings(**asdict(options.grader), **judging)
    _require_one(options)
    with open_judge(settings, asked=options.judge.llm) as judge:
        grader = Grader(settings, judge=judge)
        question = build_question(options, grader)
        text = build_answer(options, grader)
        if options.dry_run:
            print_forecast(grader.forecast([(text, question)]))
            return 0
        grader.load()
        grade = grader.grade(text, question)
    _print(grade, grade.drafted or question, options)
    if grade.drafted:
        tell_of(judge)  # the grade itself tells what the answer took, not its rubric
    return int(options.fail_under is not None and grade.score < options.fail_under)


def build_answer(options: AnswerOptions, grader: Grader) -> str:
    """The answer's text."""
    if (options.file is None) == (options.text is None):
        raise InputError("give the answer once: a FILE, - for standard input, or --text TEXT")
    if options.text is not None:
        return options.text
    assert options.file is not None
    return read_answer(
        options.file, max_chars=grader.settings.max_answer_chars, encoding=options.encoding
    )


def build_question(options: AnswerOptions, grader: Grader) -> Question:
    """The question that was asked for, in one of the three ways."""
    if options.q is not None:
        return grader.question(options.q)
    if options.reference is not None:
        limit = grader.settings.max_answer_chars
        reference = read_answer(options.reference, max_chars=limit, encoding=options.encoding)
        return grader.custom_question(reference, options.question or "")
    assert options.rubric is not None
    return _from_rubric(options.rubric, options.question or "", grader)


def _from_rubric(file: Path, prompt: str, grader: Grader) -> Question:
    from grader.bank.entries import load_entry
    from grader.bank.rubrics import build_question as join
    from grader.bank.rubrics import load_rubric, question_from_rubric

    rubric = load_rubric(file)
    entry_file = grader.catalog.entry_file(rubric.question)
    if entry_file is None or prompt:
        return question_from_rubric(rubric, prompt, file)
    return join(load_entry(entry_file), rubric, file)


def _require_one(options: AnswerOptions) -> None:
    ways = [options.q, options.reference, options.rubric]
    if sum(way is not None for way in ways) != 1:
        raise InputError(
            "say which question: --q ID ('grade bank list' shows them), "
            "or your own with --reference FILE or --rubric FILE"
        )


def _print(grade: Grade, question: Question, options: AnswerOptions) -> None:
    if options.as_json:
        typer.echo(json.dumps(grade.to_dict(), indent=2, ensure_ascii=False))
    elif options.quiet:
        typer.echo(score_in_digits(grade))
        tell_of_failure(grade)
    else:
        from grader.cli.printout import print_grade

        print_grade(grade, question, explain=options.explain)
