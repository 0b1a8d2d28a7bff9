"""Rubrics that a model drafts where there is only a reference: checked, kept, counted."""

import csv
import hashlib
import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Grader, Judge
from grader.bank.entries import load_entry
from grader.bank.rubrics import load_rubric, question_from_reference
from grader.batch.llm_jobs import Finished, Submitted, grade_by_jobs
from grader.batch.runner import grade_file
from grader.errors import DataFileError, JudgeReplyError, JudgeSetupError, OutputError
from grader.judge.canaries import EMPTY_HANDED
from grader.judge.draft_prompt import VERSION, rules
from grader.judge.draft_schema import MOST_KEY_POINTS, draft_schema, parse_draft
from grader.records import Question
from grader.settings import Settings
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.llm_server import (
    Fault,
    answer_of,
    asked_of,
    asks_for_rubric,
    key_point,
    rubric,
    rubric_of,
    rung_of,
    serving,
    word_for_word,
)
from tests.support.word_for_word import BagOfWords, Literally

PROMPT = "What does TCP do that IP does not?"
LINES = ("It sets up a connection first.", "Lost segments are sent again.")
REFERENCE = "\n".join(LINES)
ANSWER = f"I think this: {LINES[0]} The rest I forgot, sorry about that."
CALLS = 3
"""For a rubric: the draft, and the judge's check of the reference and of an empty answer."""


def fair(request, _):
    return word_for_word(request)


def settings(server, **more):
    fixed = {"llm_canary_rate": 0.0, "llm_backoff": 0.001, "llm_attempts": 1, **more}
    return Settings(llm_model="tiny", llm_base_url=server.url, llm_prices="tiny=1/10", **fixed)


def bare(reference=REFERENCE, prompt=PROMPT):
    return question_from_reference(reference, prompt)


def draft(script, *questions, **more):
    """What is drafted of questions by a judge that plays a script, with the server."""
    with serving(script) as server, Judge(settings=settings(server, **more)) as judge:
        return judge.rubrics(questions or [bare()]), server


def own_grader(judge=None, **more):
    return Grader(Settings(**more), encoder=BagOfWords(), verifier=Literally(), judge=judge)


# ── the draft ───────────────────────────────────────────────────────────────


def test_a_rubric_is_drafted_from_question_and_reference():
    points = [
        key_point(LINES[0], points=2, also_accept=["A handshake comes first.", " ", LINES[0]]),
        key_point(LINES[1], worth_half=["It notices losses.", "A handshake comes first."]),
    ]

    def script(request, _):
        if asks_for_rubric(request):
            return rubric(request, points=points, misconceptions=["IP numbers all bytes."])
        return word_for_word(request)

    [made], server = draft(script)
    first, second = made.key_points
    assert (first.claim, first.points, first.also_accept) == (
        LINES[0],
        2,
        ("A handshake comes first.",),
    )
    assert second.partial == ("It notices losses.", "A handshake comes first.")
    assert [m.claim for m in made.misconceptions] == ["IP numbers all bytes."]
    assert made.misconceptions[0].against == (first.id,)
    assert not made.reference_only
    assert made.drafted_by == f"tiny, prompt {VERSION}"
    assert asked_of(server.requests[0]) == {"question": PROMPT, "reference_answer": REFERENCE}
    told = rubric_of(server.requests[1])
    assert {p["claim"] for p in told["key_points"]} == set(LINES)


def test_who_drafts_has_never_seen_an_answer():
    with serving(fair) as server, Judge(settings=settings(server)) as judge:
        own_grader(judge).grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
    drafts = [r for r in server.requests if asks_for_rubric(r)]
    assert len(drafts) == 1
    assert "forgot" not in json.dumps(drafts)
    checked = [answer_of(r) for r in server.requests if not asks_for_rubric(r)]
    assert sorted(checked[:2]) == sorted([REFERENCE, EMPTY_HANDED])
    assert checked[2:] == [ANSWER]


def test_a_bank_question_is_left_as_it_is():
    question = own_grader().question("dropout")
    [made], server = draft(fair, question)
    assert made is question
    assert server.requests == []


@pytest.mark.parametrize("rung", ["schema", "tool", "json", "plain"])
def test_a_rubric_is_asked_for_at_whatever_rung_the_endpoint_knows(rung):
    order = ["schema", "tool", "json", "plain"]

    def script(request, _):
        low = order.index(rung_of(request)) >= order.index(rung)
        return word_for_word(request) if low else Fault(400)

    [made], server = draft(script)
    assert isinstance(made, Question)
    [asked] = [r for r in server.requests if asks_for_rubric(r) and rung_of(r) == rung]
    if rung == "schema":
        schema = asked["response_format"]["json_schema"]
        assert (schema["name"], schema["schema"]) == ("report_rubric", draft_schema())
    if rung == "tool":
        assert asked["tools"][0]["function"]["parameters"] == draft_schema()


def test_changed_rules_have_a_new_version():
    """Whoever changes draft.md raises VERSION and writes both here."""
    digest = hashlib.sha256(rules().encode()).hexdigest()[:16]
    assert (VERSION, digest) == ("1", "0eef8a499de7c67d")


GOOD = {"key_points": [key_point("It waits.")], "misconceptions": []}
WRONG = {"claim": "x", "correction": "y", "why": "z", "cost": 1, "against": []}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key_points": []}, "0 of them"),
        ({"key_points": [key_point(f"Claim {i}.") for i in range(7)]}, "7 of them, not 1 to 6"),
        ({"key_points": [key_point("It waits."), key_point("it  WAITS.")]}, "the same twice"),
        ({"key_points": [key_point("…")]}, "key_points.claim: is empty"),
        ({"key_points": [key_point("It waits.", points=4)]}, "key_points.0.points"),
        ({"key_points": [key_point("It waits.") | {"more": 1}]}, "key_points.0.more"),
        ({"misconceptions": [WRONG | {"why": " "}]}, "misconceptions.why: is empty"),
        ({"misconceptions": [WRONG, WRONG]}, "misconceptions.claim: the same twice"),
        ({"misconceptions": [WRONG | {"cost": 0.5}]}, "misconceptions.0.cost"),
        ({"misconceptions": [WRONG | {"against": [2]}]}, "no such key point: [2]"),
        ({"misconceptions": [WRONG | {"against": [0]}]}, "no such key point: [0]"),
    ],
)
def test_a_draft_that_is_none_is_refused(change, told):
    parse_draft(json.dumps(GOOD))
    with pytest.raises(JudgeReplyError, match="does not follow the schema") as caught:
        parse_draft(json.dumps(GOOD | change))
    assert told in str(caught.value)


@given(st.none() | st.text() | st.integers() | st.lists(st.text()))
def test_whatever_comes_is_a_draft_or_an_error_of_ours(value):
    with pytest.raises(JudgeReplyError):
        parse_draft(json.dumps(value))


@given(st.lists(st.text(max_size=20), min_size=1, max_size=MOST_KEY_POINTS))
def test_every_draft_that_is_read_makes_a_question(claims):
    from grader.judge.drafting import with_rubric

    points = [key_point(c, also_accept=claims, worth_half=claims) for c in claims]
    wrong = [WRONG | {"against": [len(claims), 1, 1]}]
    try:
        reply = parse_draft(json.dumps({"key_points": points, "misconceptions": wrong}))
    except JudgeReplyError:
        return
    made = with_rubric(bare(), reply, "tiny, prompt 1")
    ids = [k.id for k in made.key_points]
    assert len({*ids, made.misconceptions[0].id}) == len(claims) + 1
    assert set(made.misconceptions[0].against) == {ids[-1], ids[0]}
    assert Question.model_validate(made.model_dump()) == made


# ── its check ───────────────────────────────────────────────────────────────


def test_a_point_that_the_reference_does_not_make_is_written_anew():
    invented = key_point("It encrypts everything.", quote="Lost segments")

    def script(request, _):
        if asks_for_rubric(request):
            first = len(request["messages"]) == 2
            return rubric(request, points=[key_point(LINES[0]), invented] if first else None)
        return word_for_word(request)

    [made], server = draft(script)
    assert [k.claim for k in made.key_points] == list(LINES)
    drafts = [r for r in server.requests if asks_for_rubric(r)]
    assert len(drafts) == 2
    assert json.loads(drafts[1]["messages"][-1]["content"]) == {
        "faults": ["the reference itself does not make the claim: It encrypts everything."]
    }
    assert "It encrypts everything." in drafts[1]["messages"][2]["content"]
    assert len(server.requests) == 2 * CALLS


def test_what_is_wrong_to_the_end_is_left_out():
    invented = key_point("It encrypts everything.", quote=LINES[0])

    def script(request, _):
        if asks_for_rubric(request):
            return rubric(
                request, points=[key_point(LINES[0]), invented], misconceptions=[LINES[1]]
            )
        return word_for_word(request)

    [made], server = draft(script, llm_draft_rounds=2)
    assert [k.claim for k in made.key_points] == [LINES[0]]
    assert made.misconceptions == (), "the reference would be taken to assert it"
    assert len(server.requests) == CALLS + 1, "two drafts; the same one is not checked twice"


def test_a_point_that_an_empty_answer_covers_is_none():
    given_away = key_point("It depends on the situation.", quote=LINES[0])

    def script(request, _):
        if asks_for_rubric(request):
            return rubric(request, points=[key_point(LINES[0]), given_away])
        if answer_of(request) == EMPTY_HANDED:
            told = rubric_of(request)["key_points"]
            return json.dumps(
                {
                    "key_points": [
                        {
                            "id": p["id"],
                            "quote": "it depends on the situation",
                            "verdict": "partial",
                        }
                        if "depends" in p["claim"]
                        else {"id": p["id"], "quote": None, "verdict": "missing"}
                        for p in told
                    ],
                    "misconceptions": [],
                }
            )
        return covers_all(request)

    [made], _ = draft(script)
    assert [k.claim for k in made.key_points] == [LINES[0]]


def test_an_error_excludes_no_point_that_was_left_out():
    invented = key_point("It encrypts everything.", quote=LINES[0])

    def script(request, _):
        if asks_for_rubric(request):
            return rubric(request, points=[invented, key_point(LINES[0])], misconceptions=["No."])
        return word_for_word(request)

    [made], _ = draft(script)
    assert [m.against for m in made.misconceptions] == [()]


def covers_all(request):
    said = answer_of(request).split("\n")[0]
    points = [
        {"id": p["id"], "quote": said, "verdict": "covered"}
        for p in rubric_of(request)["key_points"]
    ]
    return json.dumps({"key_points": points, "misconceptions": []})


@pytest.mark.parametrize("quote", ["It never said that.", "", "the"])
def test_a_claim_whose_quote_is_not_in_the_reference_is_none(quote):
    def script(request, _):
        if asks_for_rubric(request):
            return rubric(request, points=[key_point(LINES[0]), key_point(LINES[1], quote=quote)])
        return word_for_word(request)

    [made], _ = draft(script)
    assert [k.claim for k in made.key_points] == [LINES[0]]


def test_where_nothing_is_left_there_is_no_rubric_and_the_offline_grade_stands():
    def script(request, _):
        if asks_for_rubric(request):
            return rubric(request, points=[key_point("It encrypts.", quote=LINES[0])])
        return word_for_word(request)

    offline = own_grader().grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
    with serving(script) as server, Judge(settings=settings(server)) as judge:
        own = own_grader(judge)
        grade = own.grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
        asked = len(server.requests)
        own.grade(f"{ANSWER} Again.", reference=REFERENCE, prompt=PROMPT)
        assert len(server.requests) == asked, "it is not drafted again for each answer"
    assert grade.score == offline.score
    assert grade.flags == (*offline.flags, "judge_failed")
    assert grade.judge.status == "failed"
    assert grade.judge.failures[0].reason == "JudgeReplyError"
    assert "no rubric could be drafted from the reference" in grade.judge.reason
    assert grade.drafted is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Fault(500), "JudgeServerError"),
        (Fault(400, message="no"), "JudgeRequestError"),
        ("nonsense", "JudgeReplyError"),
        (Fault(drop=True), "JudgeConnectionError"),
    ],
)
def test_a_draft_that_fails_is_a_failure_of_the_judge(said, reason):
    def script(request, _):
        return said if asks_for_rubric(request) else word_for_word(request)

    with serving(script) as server, Judge(settings=settings(server)) as judge:
        grade = own_grader(judge).grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
    assert (grade.judge.status, grade.judge.failures[0].reason) == ("failed", reason)
    assert "judge_failed" in grade.flags


def test_a_bad_key_stops_the_run_while_rubrics_are_drafted():
    with pytest.raises(JudgeSetupError):
        draft(lambda *_: Fault(401, message="Incorrect API key"), bare(), bare("Another one. So."))


# ── once, kept, counted ─────────────────────────────────────────────────────


def test_it_is_drafted_once_and_from_the_cache_the_next_time():
    with serving(fair) as server:
        for _ in range(2):
            with Judge(settings=settings(server)) as judge:
                own = own_grader(judge)
                grades = own.grade_many([ANSWER, f"{ANSWER} Again."], bare())
        assert len(server.requests) == CALLS + 2
    assert judge.budget.total.cached == CALLS + 2
    assert {g.versions["rubric_draft"] for g in grades} == {f"tiny, prompt {VERSION}"}


def test_threads_that_ask_at_once_get_the_same_rubric():
    with serving(fair) as server, Judge(settings=settings(server, llm_cache="off")) as judge:
        made = []
        threads = [
            threading.Thread(target=lambda: made.extend(judge.rubrics([bare()]))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == CALLS
    assert len({q.digest for q in made}) == 1
    assert len(made) == 8


def test_the_grade_is_by_the_drafted_points_and_shows_them():
    with serving(fair) as server, Judge(settings=settings(server)) as judge:
        grade = own_grader(judge).grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
    assert [(k.claim, k.verdict) for k in grade.key_points] == [
        (LINES[0], "covered"),
        (LINES[1], "missing"),
    ]
    assert (grade.points, grade.max_points, grade.score) == (1, 2, 0.5)
    assert grade.drafted.key_points[0].claim == LINES[0]
    told = json.loads(json.dumps(grade.to_dict()))
    assert told["drafted"]["drafted_by"] == f"tiny, prompt {VERSION}"
    assert [k["claim"] for k in told["drafted"]["key_points"]] == list(LINES)


def test_another_rubric_is_another_signature():
    def other(request, _):
        if asks_for_rubric(request):
            return rubric(request, points=[key_point(LINES[0])])
        return word_for_word(request)

    signatures = set()
    for script in (fair, other):
        with serving(script) as server, Judge(settings=settings(server, llm_cache="off")) as judge:
            judge._sending._base_url = "http://the-same"
            grade = own_grader(judge).grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
            signatures.add(grade.signature)
    assert len(signatures) == 2


def test_drafts_count_towards_the_limit_of_calls():
    with serving(fair) as server, Judge(settings=settings(server, llm_max_calls=2)) as judge:
        grade = own_grader(judge).grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
        assert len(server.requests) == 2
    assert grade.judge.failures[0].reason == "JudgeBudgetError"


def test_the_forecast_counts_drafts_and_is_what_the_run_takes():
    items = [(f"{ANSWER} Version {i}.", bare()) for i in range(5)]
    items += [
        (ANSWER, bare("push", "What adds to a stack?")),
        ("push", own_grader().question("dropout")),
    ]
    with serving(fair) as server:
        with Judge(settings=settings(server)) as judge:
            own = own_grader(judge)
            forecast = own.forecast(items)
            assert server.requests == []
            assert (forecast.answers, forecast.drafts, forecast.calls) == (6, 2, 2 * CALLS + 6)
            own.grade_all(items)
            assert len(server.requests) == forecast.calls
            assert own.forecast(items).calls == 0
        with Judge(settings=settings(server)) as judge:
            again = own_grader(judge).forecast(items)
    assert (again.calls, again.drafts, again.cached) == (0, 0, 2 * CALLS + 6)
    sent = sum(len(json.dumps(r, ensure_ascii=False)) for r in server.requests) / 4
    assert forecast.prompt_tokens == pytest.approx(sent, rel=0.2)


def test_where_only_doubtful_grades_are_judged_the_forecast_still_sends_nothing():
    items = [(f"{ANSWER} Version {i}.", bare()) for i in range(3)]
    with serving(fair) as server:
        with Judge(settings=settings(server, llm_below=0.01)) as judge:
            own = own_grader(judge)
            forecast = own.forecast(items)
            assert server.requests == []
            assert (forecast.answers, forecast.sure) == (3, 0), "nobody knows how sure, as yet"
            assert (forecast.drafts, forecast.calls) == (1, CALLS + 3)
            grades = own.grade_all(items)
            assert len(server.requests) == CALLS, "the rubric; by it the offline grades are sure"
            assert {grade.judge.status for grade in grades} == {"not_sent"}
            assert all(grade.drafted for grade in grades)
        for examples in (0, 4):
            more = {"llm_below": 0.01, "llm_examples": examples}
            with Judge(settings=settings(server, **more)) as judge:
                again = own_grader(judge).forecast(items)
                assert (again.answers, again.sure, again.calls) == (0, 3, 0)
                assert (again.drafts, again.cached) == (0, CALLS)
        assert len(server.requests) == CALLS


def test_no_grade_is_sure_enough_where_no_rubric_could_be_drafted():
    def script(request, _):
        if asks_for_rubric(request):
            return rubric(request, points=[key_point("It encrypts.", quote=LINES[0])])
        return word_for_word(request)

    with serving(script) as server, Judge(settings=settings(server, llm_below=0.01)) as judge:
        grade = own_grader(judge).grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
    assert grade.judge.status == "failed"
    assert "judge_failed" in grade.flags


def test_a_word_is_judged_where_a_word_was_asked_for():
    with serving(fair) as server, Judge(settings=settings(server)) as judge:
        own = own_grader(judge)
        grade = own.grade("push", reference="push", prompt="What adds to a stack?")
        assert (grade.score, grade.judge.status) == (1, "judged")
        grade = own.grade("push", reference=REFERENCE, prompt=PROMPT)
        assert grade.judge.status == "not_sent"
    assert len(server.requests) == 2 * CALLS, "the answer is the reference, which was judged"


@pytest.mark.parametrize("word", ["No.", "Both.", "Below."])
def test_a_reference_of_a_word_without_meaning_gets_a_rubric(word):
    with serving(fair) as server, Judge(settings=settings(server)) as judge:
        own = own_grader(judge)
        grade = own.grade(word, reference=word, prompt="Does dropout change inference?")
        assert (grade.score, grade.judge.status) == (1, "judged")
        assert grade.drafted.key_points[0].claim == word
    assert len(server.requests) == CALLS


# ── saved ───────────────────────────────────────────────────────────────────


def test_saved_rubrics_are_a_bank_of_ones_own(tmp_path):
    folder = tmp_path / "deep" / "kept"
    questions = [bare(), bare("push", PROMPT), bare("Ein Stapel wächst.", "→?")]
    made, server = draft(fair, *questions, llm_save_rubrics=str(folder))
    assert len(server.requests) == 3 * CALLS
    names = sorted(file.stem for file in (folder / "rubrics").iterdir())
    assert names == ["question", "tcp-that-ip-not", "tcp-that-ip-not-2"]
    own = own_grader(bank=folder / "bank", rubrics=folder / "rubrics")
    kept = own.question("tcp-that-ip-not")
    assert (kept.prompt, kept.references[0].text) == (PROMPT, REFERENCE)
    assert kept.key_points == made[0].key_points
    assert load_entry(folder / "bank" / "tcp-that-ip-not-2.yaml").references == ("push",)
    assert "tiny, prompt 1" in (folder / "rubrics" / "tcp-that-ip-not.yaml").read_text()


def test_what_somebody_has_edited_is_neither_written_over_nor_passed_over(tmp_path):
    draft(fair, llm_save_rubrics=str(tmp_path))
    file = tmp_path / "rubrics" / "tcp-that-ip-not.yaml"
    file.write_text(file.read_text().replace("points: 1", "points: 3"))
    edited = file.read_text()
    with pytest.raises(OutputError, match="edited") as caught:
        draft(fair, llm_save_rubrics=str(tmp_path))
    bank, rubrics = tmp_path / "bank", tmp_path / "rubrics"
    assert str(file) in str(caught.value)
    assert f"--bank {bank} --rubrics {rubrics}" in str(caught.value)
    assert file.read_text() == edited
    assert len(list(rubrics.iterdir())) == 1


def test_what_is_kept_and_says_the_same_is_no_fault(tmp_path):
    """Comments and line ends are nobody's business; nor how YAML writes a text down."""
    odd = key_point("It's “so”: #1 — yes\u2028no", quote=LINES[0], also_accept=["null", "1.0"])

    def script(request, _):
        return (
            rubric(request, points=[odd], misconceptions=["- no:"])
            if asks_for_rubric(request)
            else covers_all(request)
        )

    file = tmp_path / "rubrics" / "tcp-that-ip-not.yaml"
    [made], _ = draft(fair, llm_save_rubrics=str(tmp_path))
    assert isinstance(made, Question)
    file.write_text(file.read_text() + "# Read on Monday.\n")
    [made], _ = draft(fair, llm_save_rubrics=str(tmp_path))
    assert isinstance(made, Question)


def test_a_kept_rubric_that_is_broken_is_named(tmp_path):
    draft(fair, llm_save_rubrics=str(tmp_path))
    file = tmp_path / "rubrics" / "tcp-that-ip-not.yaml"
    file.write_text(file.read_text().replace("points: 1", "points: many"))
    with pytest.raises(DataFileError, match="tcp-that-ip-not"):
        draft(fair, llm_save_rubrics=str(tmp_path))


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_asked(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        serving(fair) as server,
        pytest.raises(OutputError, match="file"),
        Judge(settings=settings(server, llm_save_rubrics=str(tmp_path / "file"))) as judge,
    ):
        judge.rubrics([bare()])
    assert server.requests == []


# ── tables and the command ──────────────────────────────────────────────────


def write_table(name="in.csv"):
    with Path(name).open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["answer", "reference", "question"])
        rows.writerows([f"{ANSWER} Version {i}.", REFERENCE, PROMPT] for i in range(3))
        rows.writerow(["push", "push", "What adds to a stack?"])
        rows.writerow(["", "Nobody answers this one.", "Well?"])


def rows_of(name):
    with Path(name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def scores(name):
    return [row["grade_score"] for row in rows_of(name)]


def test_a_table_of_references_is_graded_by_drafted_rubrics():
    write_table()
    with serving(fair) as server:
        for name in ("out.csv", "again.csv"):
            with Judge(settings=settings(server)) as judge:
                grade_file(own_grader(judge), ["in.csv"], Path(name))
        assert len(server.requests) == 3 * CALLS + 3, "one answer is its reference"
        with Judge(settings=settings(server)) as judge:
            grade_file(own_grader(judge), ["in.csv"], Path("out.csv"))
            assert judge.budget.total.cached == 3 * CALLS, "what was graded is in the ledger"
    assert scores("out.csv") == ["0.5", "0.5", "0.5", "1.0", ""]
    detail = json.loads(rows_of("out.csv")[0]["grade_detail"])
    assert detail["drafted"]["drafted_by"] == f"tiny, prompt {VERSION}"


def test_a_run_whose_drafts_fail_sometimes_is_written_whole():
    """A draft that fails while the table is read and succeeds later must not tear the run."""
    write_table()
    failed = []

    def script(request, _):
        if asks_for_rubric(request) and "TCP" in json.dumps(request) and len(failed) < 2:
            failed.append(1)
            return Fault(500)
        return word_for_word(request)

    with serving(script) as server, Judge(settings=settings(server, llm_cache="off")) as judge:
        grade_file(own_grader(judge), ["in.csv"], Path("out.csv"))
    assert len(rows_of("out.csv")) == 5


@pytest.mark.parametrize("what", ["a Fault", "a draft that is none"])
def test_in_one_run_a_draft_is_tried_once(what):
    """However many answers there are: else the later ones had another rubric than the first."""
    with Path("in.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["answer", "reference", "question"])
        rows.writerows([f"{ANSWER} Version {i}.", REFERENCE, PROMPT] for i in range(70))
    failed = []

    def script(request, _):
        if asks_for_rubric(request) and len(failed) < 4:
            failed.append(1)
            return Fault(500) if what == "a Fault" else "{}"
        return word_for_word(request)

    with serving(script) as server, Judge(settings=settings(server, llm_cache="off")) as judge:
        own = own_grader(judge)
        grade_file(own, ["in.csv"], Path("out.csv"))
        assert len(server.requests) == (1 if what == "a Fault" else 4)
        details = [json.loads(row["grade_detail"]) for row in rows_of("out.csv")]
        assert not any(detail.get("drafted") for detail in details)
        failed += [1] * 4
        grade = own.grade(ANSWER, reference=REFERENCE, prompt=PROMPT)
        assert grade.drafted is not None, "the next run may do what this one failed at"


def test_in_a_stream_a_draft_is_tried_once():
    with serving(lambda *_: Fault(500)) as server, Judge(settings=settings(server)) as judge:
        row = {"answer": ANSWER, "reference": REFERENCE, "question": PROMPT}
        assert len(list(own_grader(judge).grade_stream([row] * 3, chunk=1))) == 3
    assert len(server.requests) == 1


def test_batch_jobs_ask_for_rubrics_at_once_and_for_verdicts_in_the_job():
    write_table()

    def run(server, *, resume=False):
        with Judge(settings=settings(server)) as judge:
            own = own_grader(judge)
            return grade_by_jobs(own, judge, ["in.csv"], Path("jobs.csv"), resume=resume)

    with serving(fair) as server:
        submitted = run(server)
        assert isinstance(submitted, Submitted)
        assert sum(asks_for_rubric(r) for r in server.requests) == 3
        assert submitted.asked_now == len(server.requests) == 3 * CALLS + 1
        lines = [line["body"] for lines in server.batch.lines for line in lines]
        assert len(lines) == 2
        assert not any(asks_for_rubric(line) for line in lines)
        finished = run(server, resume=True)
        assert isinstance(finished, Finished)
        assert len(server.requests) == 3 * CALLS + 1, "collecting makes no call"
        with Judge(settings=settings(server, llm_cache="off")) as judge:
            grade_file(own_grader(judge), ["in.csv"], Path("live.csv"))
    assert scores("jobs.csv") == scores("live.csv")


def test_the_command_shows_that_a_rubric_was_drafted_and_keeps_it(tmp_path):
    (tmp_path / "reference.txt").write_text(REFERENCE)
    options = ("--question", PROMPT, "--llm", "--llm-model", "tiny")
    with serving(fair) as server:
        env = {"OPENAI_BASE_URL": server.url}
        asked = ("--text", ANSWER, "--reference", "reference.txt", *options)
        done = command(*asked, "--save-rubrics", "kept", env=env)
        foretold = command(*asked, "--dry-run", "--llm-cache", "off", env=env)
    assert done.returncode == 0, done.stderr
    assert "1 of 2 points" in done.stdout
    assert "drafted from the reference by tiny, prompt 1" in " ".join(done.stdout.split())
    assert "judge: calls: 4," in done.stderr
    assert "rubrics to draft: 1" in foretold.stdout
    assert "calls: 4," in foretold.stdout
    again = command("--text", ANSWER, "--rubric", "kept/rubrics/tcp-that-ip-not.yaml", "--quiet")
    assert again.returncode == 0, again.stderr
    folders = ("--bank", "kept/bank", "--rubrics", "kept/rubrics")
    shown = command("bank", "show", "tcp-that-ip-not", *folders)
    assert LINES[0] in shown.stdout


def test_saved_rubrics_grade_the_same_table_without_a_model(tmp_path):
    write_table()
    with serving(fair) as server:
        env = {"OPENAI_BASE_URL": server.url}
        llm = ("--llm", "--llm-model", "tiny", "--save-rubrics", "kept")
        done = command("batch", "in.csv", "-o", "a.csv", *llm, env=env)
        assert done.returncode == 0, done.stderr
        assert "3 rubrics to be drafted from references" in done.stderr
    file = tmp_path / "kept" / "rubrics" / "tcp-that-ip-not.yaml"
    assert load_rubric(file).key_points[0].claim == LINES[0]
    own = ("--bank", "kept/bank", "--rubrics", "kept/rubrics", "--map", "question_id=question")
    done = command("batch", "in.csv", "-o", "b.csv", *own)
    assert done.returncode == 0, done.stderr
    details = [json.loads(row["grade_detail"]) for row in rows_of("b.csv")[:3]]
    assert {d["question_id"] for d in details} == {"tcp-that-ip-not"}


def test_of_kept_questions_with_one_prompt_the_reference_tells_which(tmp_path):
    """Else a row would be graded by another reference's rubric, and nobody be told."""
    rows = [[LINES[0], REFERENCE, PROMPT], ["push", "push", PROMPT], ["pop", "elsewhere", PROMPT]]
    for name, head in (("in.csv", "reference"), ("bare.csv", "notes")):
        with Path(name).open("w", newline="") as stream:
            csv.writer(stream).writerows([["answer", head, "question"], *rows])
    draft(fair, bare(), bare("push"), llm_save_rubrics="kept")
    own = ("--bank", "kept/bank", "--rubrics", "kept/rubrics", "--map", "question_id=question")
    done = command("batch", "in.csv", "-o", "out.csv", *own)
    assert done.returncode == 0, done.stderr
    out = rows_of("out.csv")
    ids = [json.loads(row["grade_detail"])["question_id"] for row in out[:2]]
    assert ids == ["tcp-that-ip-not", "tcp-that-ip-not-2"]
    files = [str(Path("kept/bank") / f"{slug}.yaml") for slug in ids]
    assert f"{' and '.join(files)} have the same prompt" in out[2]["grade_error"]
    assert " or ".join(ids) in out[2]["grade_error"]
    done = command("batch", "bare.csv", "-o", "none.csv", *own)
    assert all("have the same prompt" in row["grade_error"] for row in rows_of("none.csv"))
    refused(command("--text", "x", "--q", PROMPT, *own[:4]), *files, "slug")


def test_a_header_that_is_the_prompt_of_several_questions_is_refused(tmp_path):
    draft(fair, bare(), bare("push"), llm_save_rubrics="kept")
    Path("wide.csv").write_text(f"name,{PROMPT}\nAnn,{LINES[0]}\n")
    own = ("--bank", "kept/bank", "--rubrics", "kept/rubrics")
    done = command("batch", "wide.csv", "-o", "out.csv", *own)
    refused(done, "wide.csv", PROMPT, "tcp-that-ip-not and tcp-that-ip-not-2", "--map")


def test_a_folder_for_rubrics_needs_the_judge(tmp_path):
    refused(command("--text", "x", "--q", "dropout", "--save-rubrics", "kept"), "add --llm")


def test_a_cluster_refuses_references_with_the_judge(tmp_path):
    pytest.importorskip("ray")
    write_table()
    llm = ("--llm", "--llm-model", "tiny")
    done = command("batch", "in.csv", "-o", "out.csv", "--engine", "ray", *llm)
    refused(done, "in.csv", "rubric", "leave out --engine ray")
