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

from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity import access, tables
from cloud.identity.schemas import ApiTokenIn
from wire.clock import real_ms

SESSION_MS = 12 * 3600 * 1000
LONGEST_SESSION_MS = 90 * 24 * 3600 * 1000  # of a board on a wall, which renews it
MIN_PASSWORD = 8
DAY_MS = 24 * 3600 * 1000
MOST_TOKENS = 50

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


def renew_session(session: Session, token: str | None) -> bool:
    """Whether the session of `token` goes on for 12 real hours from now; at most 90 days after its login."""
    row = session.get(tables.UserSession, access.token_hash(token)) if token else None
    now = real_ms()
    if row is None or row.expires_ms <= now:
        return False
    row.expires_ms = max(row.expires_ms, min(now + SESSION_MS, row.created_ms + LONGEST_SESSION_MS))
    return True


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


def token_roles(session: Session, user: access.User) -> dict[str, list[str]]:
    """The roles that a token of the user may be given, each with what it reads: no more than the user may."""
    rows = session.scalars(select(tables.Role).where(~tables.Role.reserved).order_by(tables.Role.id))
    reads = {row.id: [name for name in access.READ if name in row.permissions] for row in rows}
    return {role: names for role, names in reads.items() if user.permissions.issuperset(names)}


def make_token(session: Session, user: access.User, wanted: ApiTokenIn) -> tuple[str, tables.ApiToken]:
    """The secret of a new API token, which is not kept, and its row.

    Raises
    ------
    Invalid
        When there is no such role, or it reads what its owner may not.
    Conflict
        When the owner has too many tokens.
    """
    role = session.get(tables.Role, wanted.role)
    possible = token_roles(session, user)
    if role is None or role.id not in possible:
        message = f"{wanted.role!r} is not one of {', '.join(possible)}"
        raise Invalid(f"role: {message}", code="bad_role", errors=[{"where": "role", "message": message}])
    now = real_ms()
    mine = (tables.ApiToken.user_id == user.id) & tables.ApiToken.revoked_ms.is_(None)
    held = session.scalar(select(func.count()).where(mine, tables.ApiToken.expires_ms > now)) or 0
    if held >= MOST_TOKENS:
        raise Conflict(f"You have {held} tokens: revoke one that nothing uses.", code="many_tokens")
    secret = access.TOKEN_MARK + secrets.token_urlsafe(32)
    row = tables.ApiToken(
        user_id=user.id,
        role_id=role.id,
        name=wanted.name,
        token_hash=access.token_hash(secret),
        hint=secret[: len(access.TOKEN_MARK) + 4],
        created_ms=now,
        expires_ms=now + wanted.days * DAY_MS,
    )
    session.add(row)
    session.flush()
    audit(session, user, "tokens.make", f"token/{row.id}", wanted.model_dump())
    return secret, row


def revoke_token(session: Session, user: access.User, number: int) -> tables.ApiToken:
    """The token, which opens nothing any more.

    Raises
    ------
    NotFound
        When there is none of this number, or it is another's and the user does not manage tokens.
    """
    row = session.get(tables.ApiToken, number)
    if row is None or (row.user_id != user.id and "tokens.manage" not in user.permissions):
        raise NotFound(f"There is no token {number}.", code="no_such_token")
    if row.revoked_ms is None:
        row.revoked_ms = real_ms()
        audit(session, user, "tokens.revoke", f"token/{number}", {"name": row.name})
    return row


def tokens_of(session: Session, user: access.User) -> list[tuple[tables.ApiToken, str]]:
    """The user's tokens with the name of their owner, the newest first; for who manages tokens all."""
    query = select(tables.ApiToken, tables.User.username).join(
        tables.User, tables.User.id == tables.ApiToken.user_id
    )
    if "tokens.manage" not in user.permissions:
        query = query.where(tables.ApiToken.user_id == user.id)
    rows = session.execute(query.order_by(tables.ApiToken.id.desc()))
    return [(token, username) for token, username in rows]


def write_token_uses(session: Session, used: Mapping[int, int], refused: Mapping[str, int]) -> None:
    """Nothing comes back; when tokens were used last is kept, wrong ones stand in the audit log."""
    for number, at_ms in used.items():
        row = session.get(tables.ApiToken, number)
        if row is not None:
            row.used_ms = max(row.used_ms or 0, at_ms)
    for address, count in refused.items():
        audit(session, "", "tokens.refused", f"address/{address}", {"count": count})


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
