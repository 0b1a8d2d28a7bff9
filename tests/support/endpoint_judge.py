"""A judge at the scripted server, for the tests of what endpoints send."""

from grader import Judge
from grader.judge.judge import Case
from grader.settings import Settings
from tests.support.llm_server import serving

ANSWER = "While training, each unit is set to zero at random with some probability p."
WHY = "the kettle is full of tea"
PRICES = "tiny=1/10"
COST = 100 * 1e-6 + 20 * 10e-6


def settings(server, **more):
    fixed = {"llm_canary_rate": 0.0, "llm_backoff": 0.001, "llm_prices": PRICES, **more}
    return Settings(llm_model="tiny", llm_base_url=server.url, **fixed)


def cases(grader, n=1):
    question = grader.question("dropout")
    return [Case(f"{ANSWER} Version {i}.", question) for i in range(n)]


def assess(grader, script, n=1, **more):
    """The reports on n answers by a judge that plays a script, the judge and the server."""
    with serving(script) as server, Judge(settings=settings(server, **more)) as judge:
        return judge.assess(cases(grader, n)), judge, server
