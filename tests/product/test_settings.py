import pytest

from grader.errors import SettingsError
from grader.settings import Settings, load_settings


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


def test_a_config_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="can't be read"):
        load_settings(config=tmp_path / "none.toml")
