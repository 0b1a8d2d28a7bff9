import ast
import dataclasses
import inspect
import itertools
import pickle
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest

from grader import settings as settings_module
from grader.errors import SettingsError
from grader.settings import Range, Settings, changed, load_settings


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path):
    assert load_settings(environ={}).threads == Settings().threads
    (tmp_path / "grader.toml").write_text("threads = 3\nreview_below = 0.5\nencoder = 'a'\n")
    environ = {"GRADER_THREADS": "4", "GRADER_REVIEW_BELOW": "0.7"}
    settings = load_settings(environ=environ, threads=5, encoder=None)
    assert (settings.threads, settings.review_below, settings.encoder) == (5, 0.7, "a")


def test_folders_in_the_file_are_relative_to_it(tmp_path):
    (tmp_path / "sub" / "mine").mkdir(parents=True)
    config = tmp_path / "sub" / "grader.toml"
    config.write_text("bank = 'mine'\n")
    assert load_settings(config=config, environ={}).bank == tmp_path / "sub" / "mine"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("colour = 'red'", "unknown setting 'colour': choose from bank, "),
        ("threads = 0", "threads = 0: must be from 1"),
        ("threads = 'many'", "threads = 'many'"),
        ("review_below = 1.5", "must be from 0 to 1"),
        ("bank = 'nowhere'", "no such folder"),
        ("encoder = 3", "must be text"),
        ("threads = ", "is not valid TOML"),
    ],
)
def test_a_bad_setting_names_the_file_and_the_key(tmp_path, text, problem):
    (tmp_path / "grader.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"grader\.toml") as caught:
        load_settings(environ={})
    assert problem in str(caught.value)


def test_a_bundled_bank_is_named_and_a_folder_of_that_name_never_passes_for_it(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grader.toml").write_text("bank = 'general'\n")
    assert load_settings(environ={}).bank == "general"
    assert load_settings(environ={"GRADER_BANK": "deep-learning"}).bank == "deep-learning"
    assert changed(Settings(), bank="general") == Settings(bank="general")
    (tmp_path / "general").mkdir()
    with pytest.raises(SettingsError, match=r"bank = 'general': .*write \./general for the folder"):
        load_settings(environ={})
    for folder in ("./general", Path("general")):
        (tmp_path / "grader.toml").unlink(missing_ok=True)
        assert load_settings(environ={}, bank=folder).bank == Path("general")


def test_a_mistyped_bank_is_told_those_that_there_are():
    with pytest.raises(SettingsError, match=r"nor a bank of ours \(deep-learning, general\)"):
        load_settings(environ={}, bank="genral")


def test_a_config_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="can't be read"):
        load_settings(config=tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("threads", 0, "must be from 1 to 10000000"),
        ("threads", "many", "invalid literal for int"),
        ("threads", float("inf"), "cannot convert float infinity"),
        ("threads", None, "int() argument must be"),
        ("review_below", float("nan"), "must be from 0 to 1"),
        ("llm_deadline", 0, "must be from 0.01 to 10000000"),
        ("llm_suspected", "sell", "choose from send, hold"),
        ("llm_suspected", ["send"], "choose from send, hold"),
        ("llm_redact", "perhaps", "choose from true, false, 1, 0"),
        ("encoder", "", "must be text"),
        ("bank", 3, "not int"),
    ],
)
def test_settings_that_are_made_by_hand_are_checked_just_as_well(field, value, problem):
    for make in (Settings, lambda **given: dataclasses.replace(Settings(), **given)):
        with pytest.raises(SettingsError) as caught:
            make(**{field: value})
        assert str(caught.value).startswith(f"Settings: {field} = {value!r}: ")
        assert problem in str(caught.value)
        assert "\n" not in str(caught.value)


def test_settings_made_by_hand_hold_what_the_same_words_in_a_file_would(tmp_path):
    (tmp_path / "mine").mkdir()
    told = {"threads": "3", "llm_redact": "true", "bank": str(tmp_path / "mine")}
    told |= {"llm_cache": "~/replies", "llm_max_cost": "1.5"}
    by_hand = Settings(**told)
    assert by_hand == load_settings(environ={}, **told)
    assert (by_hand.threads, by_hand.llm_redact, by_hand.llm_max_cost) == (3, True, 1.5)
    assert by_hand.bank == tmp_path / "mine"
    assert by_hand.llm_cache == str(Path("~/replies").expanduser())
    assert hash(by_hand) == hash(dataclasses.replace(by_hand))
    assert pickle.loads(pickle.dumps(by_hand)) == by_hand  # noqa: S301 - our own bytes


def test_every_number_has_a_range_and_every_setting_a_word_of_help():
    hints = get_type_hints(Settings, include_extras=True)
    assert list(hints) == [field.name for field in dataclasses.fields(Settings)]
    body = next(
        node
        for node in ast.parse(inspect.getsource(settings_module)).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    ).body
    helped = {
        first.target.id
        for first, second in itertools.pairwise(body)
        if isinstance(first, ast.AnnAssign) and isinstance(second, ast.Expr)
    }
    assert helped == set(hints)
    for name, hint in hints.items():
        kind, *rules = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if {int, float} & {kind, *get_args(kind)}:
            assert [type(rule) for rule in rules] == [Range], name


def test_the_environment_and_options_are_named_as_where_a_value_came_from():
    with pytest.raises(SettingsError, match=r"^environment: threads = '0': must be from 1"):
        load_settings(environ={"GRADER_THREADS": "0"})
    with pytest.raises(SettingsError, match=r"^options: threads = 0: must be from 1"):
        load_settings(environ={}, threads=0)
    with pytest.raises(SettingsError, match=r"^options: threads = 0: must be from 1"):
        changed(Settings(), threads=0)
    with pytest.raises(SettingsError, match=r"^options: unknown setting 'thread': choose from"):
        changed(Settings(), thread=1)


def test_folders_that_will_be_made_need_not_be_there_but_no_file_may_be(tmp_path):
    (tmp_path / "grader.toml").write_text("bank = 'mine'\nrubrics = 'file'\n")
    config = tmp_path / "grader.toml"
    with pytest.raises(SettingsError, match="bank = 'mine': no such folder"):
        load_settings(config=config, environ={})
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="rubrics = 'file': is a file, not a folder"):
        load_settings(config=config, environ={}, new_folders=True)
    (tmp_path / "file").unlink()
    made = load_settings(config=config, environ={}, new_folders=True)
    assert (made.bank, made.rubrics) == (tmp_path / "mine", tmp_path / "file")
