"""The engine is tested as it is: every text is read anew."""

import pytest


@pytest.fixture(autouse=True)
def engine_as_it_is(read_anew):
    """No result is an earlier one."""
