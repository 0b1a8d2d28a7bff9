"""What leaves this machine, and what is written down of it."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Judge
from grader.errors import MissingExtraError, OutputError, SettingsError
from grader.judge.call_log import CallLog
from grader.judge.judge import Case
from grader.judge.redaction import Redacted, Redactor
from grader.settings import Settings, load_settings
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.llm_server import Fault, answer_of, serving, verdicts

KEY = "sk-very-secret"
ANSWER = (
    "Priya here (priya.k@example.org, +44 20 7946 0958). Each unit is dropped at random, as "
    "Olga explains on https://example.org/olga?x=1. Ask Olga's friend or call (415) 555-2671. "
    "Adam is an optimiser; the learning rate was 0.001 in 2012."
)


@pytest.fixture(scope="module")
def redactor():
    return Redactor("US")


@pytest.fixture(scope="module")
def question(grader):
    """Its rubric speaks of Adam."""
    return grader.custom_question("Adam is an optimiser that adapts its steps.")


def settings(server, **more):
    return Settings(llm_model="tiny", llm_base_url=server.url, llm_attempts=1, **more)


def test_what_tells_who_wrote_an_answer_is_masked(redactor, question):
    masked = redactor.redact(ANSWER, question)
    for secret in ("Priya", "priya.k@", "7946", "Olga", "olga", "example.org", "555"):
        assert secret not in masked.text
    assert (
        "as [NAME_2] explains on [LINK_1]. Ask [NAME_2]'s friend or call [PHONE_2]" in masked.text
    )
    assert "Adam is an optimiser; the learning rate was 0.001 in 2012." in masked.text
    assert masked.restore(masked.text) == ANSWER
    assert masked.restore("as [name_2] explains") == "as Olga explains"


def test_a_placeholder_that_the_answer_writes_itself_is_not_taken_for_one(redactor, question):
    masked = redactor.redact("[NAME_1] and [name_2] and Olga drop units.", question)
    assert masked.text == "[NAME_1] and [name_2] and [NAME_3] drop units."
    assert masked.restore("[NAME_1] and [NAME_3]") == "[NAME_1] and Olga"


PIECES = st.lists(
    st.sampled_from(
        [
            "Olga",
            "a@b.org",
            "+1 415 555 2671",
            "[NAME_1]",
            "\\1",
            "www.x.org",
            "units",
            "é",
            "(",
            "\n",
        ]
    ),
    max_size=12,
)


@given(PIECES, st.sampled_from([" ", "", ", "]))
def test_unmasking_gives_back_every_answer(redactor, question, pieces, glue):
    answer = glue.join(pieces)
    masked = redactor.redact(answer, question)
    assert masked.restore(masked.text) == answer


def test_quotes_of_a_masked_answer_are_evidence_in_the_real_one(grader):
    question = grader.question("dropout")

    def script(request, _):
        assert "Olga" not in json.dumps(request)
        return verdicts(request, quote="as [NAME_2] explains on [LINK_1]")

    with serving(script) as server, Judge(settings=settings(server, llm_redact=True)) as judge:
        [report] = judge.assess([Case(ANSWER, question)])
        [again] = judge.assess([Case(ANSWER.replace("Olga", "Anna"), question)])
    quoted = [v for v in report.votes if v.verdict == "covered"]
    assert quoted
    assert all(v.evidence.text.startswith("as Olga explains on https://") for v in quoted)
    assert again.cached == 1, "the same masked answer is the same request"
    assert again.votes[0].evidence.text.startswith("as Anna")


def test_without_redact_the_answer_is_sent_as_it_is(grader):
    with (
        serving(lambda r, _: verdicts(r)) as server,
        Judge(settings=settings(server)) as judge,
    ):
        judge.assess([Case(ANSWER, grader.question("dropout"))])
        assert answer_of(server.requests[0]) == ANSWER


def test_nothing_but_question_rubric_and_answer_is_sent(tmp_path):
    (tmp_path / "in.csv").write_text(
        "candidate,email,answer,note,question_id\n"
        "Zebedee,z@example.org,Each unit is dropped at random with probability p.,tall,dropout\n"
    )
    with serving(lambda r, _: verdicts(r)) as server:
        env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}
        done = command(*("batch", "in.csv", "-o", "o.csv", "--llm", "--llm-model", "tiny"), env=env)
        assert done.returncode == 0, done.stderr
        assert set(server.requests[0]) == {
            *("model", "messages", "temperature", "max_completion_tokens", "response_format"),
        }
        sent = json.dumps(server.requests) + str(server.headers[0])
    for secret in ("Zebedee", "z@example.org", "tall", "in.csv"):
        assert secret not in sent


def test_the_log_holds_all_that_was_sent_and_received_but_no_key(tmp_path):
    def script(request, n):
        return verdicts(request) if n else Fault(500, f"no, {KEY}")

    log = tmp_path / "log.jsonl"
    with serving(script) as server:
        env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY, "GRADER_LLM_BACKOFF": "0"}
        args = ("--text", ANSWER, "--q", "dropout", "--llm", "--llm-model", "tiny", "--redact")
        for _ in range(2):
            assert command(*args, "--llm-log", log, env=env).returncode == 0
        sent = server.requests
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["request"] for line in lines[:2]] == sent
    assert lines[0]["error"] == "JudgeServerError: Error code: 500 - no, ***"
    assert json.loads(lines[1]["reply"])["usage"]
    assert lines[2]["from_cache"] is True
    assert all(line["time"] for line in lines)
    assert KEY not in log.read_text()
    assert "priya" not in log.read_text().casefold()
    assert log.stat().st_mode & 0o077 == 0
    log.chmod(0o644)
    CallLog(log).close()
    assert log.stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written_is_refused_at_once(tmp_path):
    with pytest.raises(OutputError, match="can't be written"):
        Judge("tiny", llm_base_url="http://127.0.0.1:9", llm_log=str(tmp_path))


@pytest.mark.parametrize(
    ("module", "package"), [("phonenumbers", "phonenumbers"), ("linkify_it", "linkify-it-py")]
)
def test_a_missing_library_names_the_command_to_install_it(monkeypatch, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf'pip install .*"{package}>='):
        Redactor("US")


def test_settings_of_redaction(monkeypatch):
    with pytest.raises(SettingsError, match="name a country"):
        Redactor("Atlantis")
    assert load_settings(environ={"GRADER_LLM_REDACT": "true"}).llm_redact is True
    assert load_settings(environ={"GRADER_LLM_REDACT": "0"}).llm_redact is False
    with pytest.raises(SettingsError, match="choose from true, false"):
        load_settings(environ={"GRADER_LLM_REDACT": "perhaps"})
    refused(command("--text", "x", "--q", "dropout", "--redact"), "add --llm")


def test_restoring_nothing_changes_nothing():
    assert Redacted("a [NAME_1]", {}).restore("a [NAME_1]") == "a [NAME_1]"


def test_a_judge_that_does_not_redact_loads_none_of_its_libraries():
    code = (
        "import sys\nfrom grader import Judge\n"
        "Judge('tiny', llm_base_url='http://127.0.0.1:9', llm_cache='off').close()\n"
        "print([m for m in ('faker', 'phonenumbers', 'linkify_it') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
