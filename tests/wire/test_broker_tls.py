"""Passwords and certificates for the broker: where they come from, and what is said when they do not."""

from pathlib import Path

import pytest

from wire.broker_tls import LoginWrong, client_context, secret


def test_a_password_is_given_or_read_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("from a file\nnot this\n")
    monkeypatch.setenv("GATEWAY_PASSWORD", "from the environment")
    assert secret(None, None, None) is None
    assert secret("given", None, None) == "given"
    assert secret(None, str(tmp_path / "password"), None) == "from a file"
    assert secret(None, None, "GATEWAY_PASSWORD") == "from the environment"


def test_a_password_that_is_not_there_is_named_not_left_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for file, variable, said in (
        (str(tmp_path / "none"), None, "none: the password cannot be read"),
        (str(tmp_path / "empty"), None, "empty: the password is empty"),
        (None, "TAKTLINE_TEST_UNSET", "environment variable TAKTLINE_TEST_UNSET: the password is missing"),
    ):
        with pytest.raises(LoginWrong, match=said):
            secret(None, file, variable)


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    text = str(tmp_path / "text")
    for files, said in (
        ((text, None, None), "text: no usable certificate authority"),
        ((str(tmp_path / "none"), None, None), "none: no usable certificate authority"),
        ((None, text, text), "no usable pair"),
        ((None, None, text), "a key without its certificate"),
    ):
        with pytest.raises(LoginWrong, match=said):
            client_context(*files)
