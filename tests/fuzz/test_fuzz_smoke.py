"""A second of fuzzing for every parser; `make fuzz` gives each a minute."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parsers import PARSERS


def mutated(sample: bytes, seed: int) -> bytes:
    """The sample after what lines and networks do: bits flip, pieces go, come twice or from elsewhere."""
    dice = random.Random(seed)
    raw = bytearray(sample)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(raw) + 1)
        match dice.randrange(5):
            case 0 if raw:
                raw[at % len(raw)] ^= 1 << dice.randrange(8)
            case 1:
                del raw[at : at + dice.randint(1, 8)]
            case 2:
                raw[at:at] = raw[at : at + dice.randint(1, 32)]
            case 3:
                raw[at:at] = dice.randbytes(dice.randint(1, 8))
            case _ if raw:
                raw[at % len(raw)] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(raw)


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_takes_anything(name: str) -> None:
    parser = PARSERS[name]
    for sample in parser.samples:
        parser(sample)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.binary(max_size=300))
    def anything(raw: bytes) -> None:
        parser(raw)

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.sampled_from(parser.samples), st.integers(0, 1 << 30))
    def nearly_right(sample: bytes, seed: int) -> None:
        parser(mutated(sample, seed))

    anything()
    nearly_right()
