"""The short form of fuzzing; `make fuzz` runs the same targets a million times."""

from random import Random

import pytest
from fuzz_targets import TARGETS
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("name", TARGETS)
@given(seed=st.integers(0, 2**32), extra=st.binary(max_size=20))
def test_no_bytes_at_all_do_harm(name: str, seed: int, extra: bytes) -> None:
    """Nothing raises, and what comes out keeps its promises: see `fuzz_targets`."""
    random = Random(seed)
    case = TARGETS[name].case(random)
    at = random.randrange(len(case) + 1)
    TARGETS[name].check(case)
    TARGETS[name].check(case[:at] + extra + case[at:])


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=400))
def test_no_junk_does_harm(name: str, data: bytes) -> None:
    TARGETS[name].check(data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_good_input(name: str) -> None:
    """Else the mutations would all stop at the door."""
    for seed in TARGETS[name].seeds:
        TARGETS[name].check(seed)
