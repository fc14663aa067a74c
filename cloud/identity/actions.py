"""What changes identity: roles, users, sessions, the audit log."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cloud.identity import access, tables
from wire.clock import real_ms

SESSION_MS = 12 * 3600 * 1000
MIN_PASSWORD = 8

# scrypt, RFC 7914: 32 MiB and about 0.1 s for one guess.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**15, 8, 1
SCRYPT_MEMORY = 64 * 1024 * 1024

# Published in the documentation: a server with the demo users must not be reachable from other machines.
DEMO_PASSWORD = "taktline-demo"  # noqa: S105  published on purpose
DEMO_USERS = (
    ("admin", "管理员 Admin"),
    ("manager", "厂长 Manager"),
    ("planner", "计划员 Planner"),
    ("operator", "操作工 Operator"),
)


def password_hash(password: str) -> str:
    """A salted scrypt hash as `scrypt$N$r$p$salt$key`."""
    salt = os.urandom(16)
    key = _scrypt(password, salt, SCRYPT_N, SCRYPT_R, SCRYPT_P)
    parts = (SCRYPT_N, SCRYPT_R, SCRYPT_P, base64.b64encode(salt).decode(), base64.b64encode(key).decode())
    return "$".join(("scrypt", *map(str, parts)))


def password_fits(password: str, stored: str) -> bool:
    """Whether `password` is the one behind the stored hash, compared in constant time."""
    _scheme, n, r, p, salt, key = stored.split("$")
    made = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(made, base64.b64decode(key))


# Compared with when the user does not exist, so that the answer takes as long; no password makes this key.
_NOBODY = f"scrypt${SCRYPT_N}${SCRYPT_R}${SCRYPT_P}${'A' * 22}==${'A' * 43}="


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=SCRYPT_MEMORY, dklen=32)


def ensure_roles(session: Session) -> None:
    """Nothing comes back; the table of roles says what `access.ROLES` says."""
    for role in access.ROLES:
        session.merge(
            tables.Role(
                id=role.id,
                name_zh=role.zh,
                name_en=role.en,
                permissions=sorted(role.permissions),
                reserved=role.reserved,
            )
        )
    session.flush()


def add_user(session: Session, username: str, display_name: str, role: str, password: str) -> int:
    """The id of the new user.

    Raises
    ------
    ValueError
        When the role is unknown or reserved, the name taken, or the password shorter than 8 characters.
    """
    row = session.get(tables.Role, role)
    if row is None or row.reserved:
        raise ValueError(f"no role {role!r} to give")
    if session.scalar(select(func.count()).select_from(tables.User).where(tables.User.username == username)):
        raise ValueError(f"there is a user {username!r} already")
    if len(password) < MIN_PASSWORD:
        raise ValueError(f"a password needs at least {MIN_PASSWORD} characters")
    user = tables.User(
        username=username, display_name=display_name, role_id=role, password_hash=password_hash(password)
    )
    session.add(user)
    session.flush()
    return user.id


def ensure_demo_users(session: Session) -> None:
    """Nothing comes back; the four demo users exist with the published password."""
    there = set(session.scalars(select(tables.User.username)))
    for username, display_name in DEMO_USERS:
        if username not in there:
            add_user(session, username, display_name, username, DEMO_PASSWORD)


def ensure_admin(session: Session, password: str) -> None:
    """Nothing comes back; the user `admin` exists; one who is there keeps the password they have."""
    if session.scalars(select(tables.User).where(tables.User.username == "admin")).first() is None:
        add_user(session, "admin", "Administrator", "admin", password)


def demo_password_in_use(session: Session) -> bool:
    """Whether any active user of a demo name still has the published password."""
    names = [username for username, _ in DEMO_USERS]
    query = select(tables.User.password_hash).where(tables.User.username.in_(names), tables.User.active)
    return any(password_fits(DEMO_PASSWORD, stored) for stored in session.scalars(query))


def check_password(session: Session, username: str, password: str) -> tables.User | None:
    """The user whose password this is; None otherwise, after the same time."""
    user = session.scalars(
        select(tables.User).where(tables.User.username == username, tables.User.active)
    ).first()
    fits = password_fits(password, user.password_hash if user else _NOBODY)
    return user if user and fits else None


def open_session(session: Session, user_id: int, former_token: str | None = None) -> str:
    """The token of a new session of 12 real hours; the former one of the same browser ends."""
    close_session(session, former_token)
    token = secrets.token_urlsafe(32)
    now = real_ms()
    session.add(
        tables.UserSession(
            token_hash=access.token_hash(token), user_id=user_id, created_ms=now, expires_ms=now + SESSION_MS
        )
    )
    session.flush()
    return token


def close_session(session: Session, token: str | None) -> None:
    """Nothing comes back; `token` opens nothing any more."""
    if token:
        hashed = access.token_hash(token)
        session.execute(delete(tables.UserSession).where(tables.UserSession.token_hash == hashed))


def forget_expired_sessions(session: Session) -> int:
    """Number of expired sessions that were deleted."""
    expired = tables.UserSession.expires_ms <= real_ms()
    count = session.scalar(select(func.count()).select_from(tables.UserSession).where(expired)) or 0
    session.execute(delete(tables.UserSession).where(expired))
    return count


def audit(
    session: Session,
    user: access.User | str,
    action: str,
    object_: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Nothing comes back; the entry is committed with the change it speaks of.

    Parameters
    ----------
    session
        The session of the change.
    user
        Who did it; a text for the program itself.
    action
        What was done, as `orders.enter`.
    object_
        What it was done to, as `order/SO-1001`.
    detail
        JSON values worth keeping; no secrets.
    """
    username = user if isinstance(user, str) else user.username
    entry = tables.AuditEntry(
        at_ms=real_ms(), username=username, action=action, object=object_, detail=dict(detail or {})
    )
    session.add(entry)
