"""The command's shape: help, reference, and types that are what the annotations say."""

import inspect
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import pytest
import typer
from pydantic import TypeAdapter, ValidationError
from typer.testing import CliRunner

from grader.cli import command as module
from grader.cli import options
from grader.cli.bank import Folders
from grader.cli.command import call, command, options_of
from grader.cli.main import app
from grader.settings import Settings
from grader.tables.table import ReadAs
from tests.support.own_bank import ROOT


def commands_of(group, path=()):
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from commands_of(found, (*path, name))
        else:
            yield (*path, name), found


COMMANDS = dict(commands_of(typer.main.get_command(app)))
each_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


def own_parameters(found):
    return [parameter for parameter in found.params if parameter.name != "help"]


def words_for(parameter, choices=()):
    """What one would type for a parameter."""
    flag = [] if parameter.param_type_name == "argument" else [parameter.opts[0]]
    return flag if getattr(parameter, "is_flag", False) else [*flag, (*choices, "1")[0]]


def received(path, words, monkeypatch):
    """The function behind a command, and the values that typer hands to it."""
    seen = []
    with monkeypatch.context() as patch:
        patch.setattr(module, "call", lambda run, given: seen.append((run, given)))
        done = CliRunner().invoke(app, [*path, *words])
    assert done.exit_code == 0, done.output
    return seen[0]


def least(path, monkeypatch):
    needed = [p for p in own_parameters(COMMANDS[path]) if p.required]
    return received(path, [word for p in needed for word in words_for(p)], monkeypatch)


def most(path, monkeypatch):
    run, _ = least(path, monkeypatch)
    literals = [p for p in options_of(run) if get_origin(strip(p.annotation)) is Literal]
    choices = {p.name: get_args(strip(p.annotation))[::-1] for p in literals}
    all_there_are = own_parameters(COMMANDS[path])
    words = [word for p in all_there_are for word in words_for(p, choices.get(p.name, ()))]
    return received(path, words, monkeypatch)


def strip(annotation):
    """What an annotation is of, a choice that may be left out included."""
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return next((a for a in get_args(bare) if get_origin(a) is Literal), bare)


@each_command
@pytest.mark.newest
def test_a_command_and_all_of_its_parameters_have_help(path):
    found = COMMANDS[path]
    assert found.help.strip().endswith((".", "problem.", ")."))
    assert [p.name for p in own_parameters(found) if not (p.help or "").strip()] == []


def test_the_reference_has_the_commands_that_there_are_and_no_others():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    described = set(re.findall("^## grade (.*)$", text, re.MULTILINE))
    groups = {" ".join(path[:-1]) for path in COMMANDS if len(path) > 1}
    assert described == {" ".join(path) for path in COMMANDS} | groups


@each_command
@pytest.mark.parametrize("amount", [least, most])
def test_what_a_command_gets_is_of_the_kinds_that_its_annotations_say(path, amount, monkeypatch):
    run, given = amount(path, monkeypatch)
    declared = {parameter.name: parameter.annotation for parameter in options_of(run)}
    assert set(given) == set(declared) == {p.name for p in own_parameters(COMMANDS[path])}
    for name, annotation in declared.items():
        TypeAdapter(annotation).validate_python(given[name], strict=True)
        if amount is most:
            assert given[name] not in (None, False)


@each_command
def test_every_group_that_a_command_is_handed_is_frozen_and_whole(path, monkeypatch):
    run, given = most(path, monkeypatch)
    handed = []

    def keep(**values):
        handed.append(values)

    keep.__signature__ = inspect.signature(run)
    keep.__annotations__ = get_type_hints(run, include_extras=True)
    call(keep, given)
    waiting, reached = [*handed[0].items()], {}
    for name, value in waiting:
        if is_dataclass(value):
            assert value.__dataclass_params__.frozen
            waiting += [(field.name, getattr(value, field.name)) for field in fields(value)]
        else:
            reached[name] = value
    assert reached == given


def test_groups_are_named_as_what_they_are_made_into():
    names = {kind: {field.name for field in fields(kind)} for kind in (Settings, ReadAs)}
    assert {f.name for f in fields(options.GraderOptions)} <= names[Settings]
    assert {f.name for f in fields(options.JudgeOptions)} - {"llm"} <= names[Settings]
    assert {f.name for f in fields(options.TableOptions)} == names[ReadAs]
    assert [f.name for f in fields(Folders)] == [f.name for f in fields(options.FolderOptions)]


def test_two_groups_with_the_same_option_are_refused():
    def twice(folders: options.FolderOptions, grader: options.GraderOptions) -> None:
        """Take the bank twice."""

    with pytest.raises(ValueError, match="duplicate parameter name"):
        command(typer.Typer())(twice)


def test_a_wrong_annotation_would_be_found():
    with pytest.raises(ValidationError):
        TypeAdapter(str).validate_python(None, strict=True)
    with pytest.raises(ValidationError):
        TypeAdapter(Path).validate_python("text", strict=True)
