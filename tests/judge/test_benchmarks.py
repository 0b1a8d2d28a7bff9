"""The endpoint of the benchmarks understands what the judge asks today."""

from benchmarks.loopback import reply_to, serving_here
from grader import Judge
from grader.settings import Settings
from tests.support.endpoint_judge import cases


def test_the_endpoint_of_the_benchmarks_gives_verdicts(grader):
    with serving_here(reply_to) as url:
        own = Settings(llm_model="tiny", llm_base_url=url, llm_cache="off")
        with Judge(settings=own) as judge:
            [report] = judge.assess(cases(grader, 1))
    assert report.status == "judged"
