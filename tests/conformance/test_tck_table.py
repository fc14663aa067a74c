"""Every normative statement of Sparkplug 3.0 is accounted for: by a test, or by a reason."""

from conformance.conformance_page import BINDING, PAGE, ROLES, proofs, render, requirements


def test_the_table_has_every_statement_of_3_0_0_once() -> None:
    rows = requirements()
    assert len(rows) == len({row.id for row in rows}) == 299
    assert {row.role for row in rows} == set(ROLES)
    assert all(row.id.startswith("tck-id-") and row.what for row in rows)


def test_what_binds_us_has_a_test_or_a_reason() -> None:
    tests = proofs()
    bare = [row.id for row in requirements() if row.id not in tests and not row.reason]
    assert not bare


def test_what_does_not_bind_us_says_why() -> None:
    assert all(row.reason for row in requirements() if row.role not in BINDING)


def test_no_test_names_a_statement_that_does_not_exist_or_bind() -> None:
    binding = {row.id for row in requirements() if row.role in BINDING}
    assert not set(proofs()) - binding


def test_a_reason_is_dropped_once_there_is_a_test() -> None:
    tests = proofs()
    assert not [row.id for row in requirements() if row.role in BINDING and row.reason and row.id in tests]


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == render(), "run python tests/conformance/conformance_page.py"
