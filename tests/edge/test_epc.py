"""Codes read from tags become the identities of GS1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.epc import pure_identity


@pytest.mark.parametrize(
    ("epc", "uri"),
    [
        # GS1 Tag Data Standard: SGTIN-96, SSCC-96, GRAI-96.
        ("3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789"),
        ("3174257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890"),
        ("3376451FD40C0E400000162E", "urn:epc:id:grai:9521141.12345.5678"),
        ("E2801160600002054CC2096F", "urn:epc:raw:96.xE2801160600002054CC2096F"),
        ("30", "urn:epc:raw:8.x30"),
        ("", "urn:epc:raw:0.x"),
    ],
)
def test_a_code_becomes_its_pure_identity_or_stays_raw(epc: str, uri: str) -> None:
    assert pure_identity(epc) == uri


@given(st.binary(max_size=32))
def test_any_code_has_an_identity(code: bytes) -> None:
    assert pure_identity(code.hex().upper()).startswith("urn:epc:")
