"""The same grades on another kind of processor."""

import shutil

import pytest

from benchmarks.processors import EMULATOR, answers_of_the_bank, compare


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which(EMULATOR), reason=f"needs {EMULATOR} (Debian's qemu-user)")
def test_a_processor_without_vnni_gives_the_same_verdicts_and_scores():
    found = compare(answers_of_the_bank(2, words=50))
    assert found.verdicts >= 20
    assert found.verdicts_changed == 0
    assert found.score <= 0.01
