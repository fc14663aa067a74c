"""Passwords, sessions, roles and the limit to guessing."""

import re

import pytest
from sqlalchemy import select

from cloud.db import Database
from cloud.identity import access, tables
from cloud.identity.actions import (
    DEMO_PASSWORD,
    add_user,
    audit,
    check_password,
    close_session,
    demo_password_in_use,
    ensure_demo_users,
    ensure_roles,
    forget_expired_sessions,
    open_session,
    password_fits,
    password_hash,
)
from wire.clock import real_ms

PASSWORD = "a good long password"  # noqa: S105  of nobody


@pytest.fixture
def users(db: Database) -> Database:
    """A database with the roles and a planner."""
    with db.write() as session:
        ensure_roles(session)
        add_user(session, "paula", "Paula", "planner", PASSWORD)
    return db


def test_a_password_is_kept_salted_and_only_it_fits() -> None:
    stored = password_hash(PASSWORD)
    assert PASSWORD not in stored
    assert stored != password_hash(PASSWORD)
    assert re.match(r"scrypt\$32768\$8\$1\$", stored)
    assert password_fits(PASSWORD, stored)
    assert not password_fits(PASSWORD + "x", stored)


def test_an_unknown_user_is_refused_like_a_wrong_password(users: Database) -> None:
    with users.read() as session:
        assert check_password(session, "paula", "wrong") is None
        assert check_password(session, "nobody", PASSWORD) is None
        account = check_password(session, "paula", PASSWORD)
    assert account is not None
    assert account.username == "paula"


def test_an_inactive_user_neither_logs_in_nor_keeps_a_session(users: Database) -> None:
    with users.write() as session:
        paula = session.scalars(select(tables.User)).one()
        token = open_session(session, paula.id)
        paula.active = False
    with users.read() as session:
        assert check_password(session, "paula", PASSWORD) is None
        assert access.user_of(session, token) is None


def test_a_session_gives_the_user_with_the_permissions_of_the_role(users: Database) -> None:
    with users.write() as session:
        token = open_session(session, session.scalars(select(tables.User.id)).one())
    with users.read() as session:
        user = access.user_of(session, token)
        assert session.scalars(select(tables.UserSession.token_hash)).one() != token
    assert user is not None
    assert (user.username, user.role) == ("paula", "planner")
    assert user.permissions == {*access.READ, "orders.write", "work_orders.write"}


def test_a_login_ends_the_former_session_of_the_browser(users: Database) -> None:
    with users.write() as session:
        user_id = session.scalars(select(tables.User.id)).one()
        former = open_session(session, user_id)
        token = open_session(session, user_id, former)
        assert access.user_of(session, former) is None
        assert access.user_of(session, token) is not None
        close_session(session, token)
        assert access.user_of(session, token) is None


def test_an_expired_session_opens_nothing_and_is_forgotten(users: Database) -> None:
    with users.write() as session:
        user_id = session.scalars(select(tables.User.id)).one()
        old, new = open_session(session, user_id), open_session(session, user_id)
        row = session.get(tables.UserSession, access.token_hash(old))
        assert row is not None
        row.expires_ms = real_ms()
        session.flush()
        assert access.user_of(session, old) is None
        assert forget_expired_sessions(session) == 1
        assert access.user_of(session, new) is not None


def test_roles_are_a_table_and_reserved_ones_are_given_to_nobody(users: Database) -> None:
    with users.write() as session:
        ensure_roles(session)
        roles = {role.id: role for role in session.scalars(select(tables.Role))}
        with pytest.raises(ValueError, match="sales"):
            add_user(session, "max", "Max", "sales", PASSWORD)
    assert {name for name, role in roles.items() if not role.reserved} == {
        "admin",
        "manager",
        "planner",
        "operator",
        "maintainer",
    }
    assert {"quality", "sales", "customer", "supplier"} <= set(roles)
    assert set(roles["admin"].permissions) == set(access.ALL)


def test_short_passwords_and_taken_names_are_refused(users: Database) -> None:
    with users.write() as session:
        with pytest.raises(ValueError, match="at least 8"):
            add_user(session, "otto", "Otto", "operator", "short")
        with pytest.raises(ValueError, match="already"):
            add_user(session, "paula", "Paula", "operator", PASSWORD)


def test_the_demo_users_have_the_published_password_and_are_made_once(users: Database) -> None:
    with users.write() as session:
        assert not demo_password_in_use(session)
        ensure_demo_users(session)
        ensure_demo_users(session)
        names = sorted(session.scalars(select(tables.User.username)))
        assert demo_password_in_use(session)
        assert check_password(session, "operator", DEMO_PASSWORD) is not None
    assert names == ["admin", "manager", "operator", "paula", "planner"]


def test_an_audit_entry_is_committed_with_its_change_or_not_at_all(users: Database) -> None:
    def fail() -> None:
        with users.write() as session:
            audit(session, "paula", "orders.enter", "order/1", {"lines": 1})
            raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError):
        fail()
    with users.write() as session:
        audit(session, "paula", "orders.enter", "order/2", {"lines": 2})
    with users.read() as session:
        [entry] = session.scalars(select(tables.AuditEntry))
    assert (entry.username, entry.object, entry.detail) == ("paula", "order/2", {"lines": 2})


def test_may_refuses_a_permission_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"orders\.burn"):
        access.may("orders.burn")
