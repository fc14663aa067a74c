"""Who may do what: roles, access as a type in a route's signature, a limit to guessing passwords."""

import base64
import hashlib
import math
import threading
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import anyio
from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from cloud.db import database
from cloud.errors import NotAllowed
from cloud.identity import tables
from wire.clock import real_ms

COOKIE = "taktline_session"

# Programs say who they are by a token, as `Authorization: Bearer` or as the password of `Basic`.
TOKEN_MARK = "tkl_"  # noqa: S105  what every token begins with, so that one is known wherever it turns up
READING = frozenset({"GET", "HEAD"})

WINDOW_S = 300.0
TRIES_PER_NAME = 5
TRIES_PER_ADDRESS = 20
MOST_KEYS = 10_000
_Key: TypeAlias = tuple[str, ...]

READ = ("plant.read", "orders.read", "system.read", "audit.read")
SCRAP = ("scrap.charge",)
MAINTAIN = ("gateways.command", "quarantine.replay")
SHIFT = ("downtime.assign", "manual.enter", "handover.write")
LEAD = ("downtime.manage", "handover.manage", "oee.manage")
MAP = ("tags.map",)
TOKENS = ("tokens.manage",)
ALL = (
    *READ,
    "plant.write",
    "orders.write",
    "work_orders.write",
    "alarms.acknowledge",
    *SHIFT,
    *LEAD,
    *SCRAP,
    *MAINTAIN,
    *MAP,
    *TOKENS,
)


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """A role as it is written into its table at start."""

    id: str
    zh: str
    en: str
    permissions: tuple[str, ...] = ()
    reserved: bool = False


ROLES = (
    RoleEntry("admin", "管理员", "Administrator", ALL),
    RoleEntry("manager", "经理", "Manager", (*READ, "alarms.acknowledge", *SHIFT, *LEAD, *SCRAP, *MAP)),
    RoleEntry("planner", "计划员", "Planner", (*READ, "orders.write", "work_orders.write")),
    RoleEntry("operator", "操作工", "Operator", ("plant.read", "orders.read", "alarms.acknowledge", *SHIFT)),
    RoleEntry("maintainer", "维修工", "Maintainer", (*READ, "alarms.acknowledge", *SHIFT, *MAINTAIN)),
    RoleEntry("quality", "质量工程师", "Quality engineer", reserved=True),
    RoleEntry("sales", "销售", "Sales", reserved=True),
    RoleEntry("customer", "客户", "Customer", reserved=True),
    RoleEntry("supplier", "供应商", "Supplier", reserved=True),
)


@dataclass(frozen=True, slots=True)
class User:
    """Who is logged in, with the permissions of their role."""

    id: int
    username: str
    display_name: str
    role: str
    permissions: frozenset[str]


def token_hash(token: str) -> str:
    """What the database keeps of a session's token (256 random bits need no salt)."""
    return hashlib.sha256(token.encode()).hexdigest()


def user_of(session: Session, token: str | None) -> User | None:
    """Who holds the session of `token`; None when it is unknown or has expired, or the user is not active."""
    if not token:
        return None
    row = session.execute(
        select(tables.User, tables.Role.permissions)
        .join(tables.UserSession, tables.UserSession.user_id == tables.User.id)
        .join(tables.Role, tables.Role.id == tables.User.role_id)
        .where(
            tables.UserSession.token_hash == token_hash(token),
            tables.UserSession.expires_ms > real_ms(),
            tables.User.active,
        )
    ).first()
    if row is None:
        return None
    account, permissions = row
    return User(account.id, account.username, account.display_name, account.role_id, frozenset(permissions))


def token_user(session: Session, token: str) -> tuple[int, User] | None:
    """The number of an API token and who it stands for, with what both its role and its owner's may read.

    None when it is unknown, revoked or expired, or its owner is not active.
    """
    owned = aliased(tables.Role)
    row = session.execute(
        select(tables.ApiToken, tables.User, tables.Role.permissions, owned.permissions)
        .join(tables.User, tables.User.id == tables.ApiToken.user_id)
        .join(tables.Role, tables.Role.id == tables.ApiToken.role_id)
        .join(owned, owned.id == tables.User.role_id)
        .where(
            tables.ApiToken.token_hash == token_hash(token),
            tables.ApiToken.expires_ms > real_ms(),
            tables.ApiToken.revoked_ms.is_(None),
            tables.User.active,
        )
    ).first()
    if row is None:
        return None
    found, owner, scope, owners = row
    permissions = frozenset(scope) & frozenset(owners) & frozenset(READ)
    return found.id, User(owner.id, owner.username, owner.display_name, found.role_id, permissions)


def said_token(authorization: str | None) -> str | None:
    """The token in a header `Authorization`, whatever it is; None without one that could hold a token."""
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return None
    try:
        _, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:  # no base64, or not of a text
        return ""
    return password


class TokenUses:
    """When tokens were used, and from where wrong ones came: kept in memory until a job writes it down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[int, int] = {}
        self._refused: dict[str, int] = {}

    def used(self, number: int) -> None:
        """Nothing comes back; the token was used now."""
        with self._lock:
            self._used[number] = real_ms()

    def refused(self, address: str) -> None:
        """Nothing comes back; a wrong token came from an address."""
        with self._lock:
            if address in self._refused or len(self._refused) < MOST_KEYS:
                self._refused[address] = self._refused.get(address, 0) + 1

    def taken(self) -> tuple[dict[int, int], dict[str, int]]:
        """Times (real ms) by token and refusals by address since the last call."""
        with self._lock:
            found = (self._used, self._refused)
            self._used, self._refused = {}, {}
            return found


def _program(request: Request) -> User | None:
    """Who a request's API token stands for; None when it has none.

    Raises
    ------
    NotAllowed
        401 when the token is wrong, 429 after many wrong ones, 403 when it would change something.
    """
    token = said_token(request.headers.get("authorization"))
    if token is None:
        return None
    limit: LoginLimit = request.app.state.token_limit
    uses: TokenUses = request.app.state.token_uses
    address = request.client.host if request.client else ""
    found = None
    if token.startswith(TOKEN_MARK):
        with database(request).read() as session:
            found = token_user(session, token)
    if found is None:
        # Only wrong ones wait: a token that is right must not stand still for others of its address.
        tried = token_hash(token)[:16]
        limit.refuse(tried, address)
        uses.refused(address)
        detail = "The API token is wrong, has expired or was revoked."
        # Bearer alone: a challenge for Basic would open the browser's own window.
        headers = {"WWW-Authenticate": 'Bearer realm="Taktline", error="invalid_token"'}
        raise NotAllowed(detail, code="wrong_token", headers=headers)
    if request.method not in READING:
        raise NotAllowed("An API token reads; log in to change something.", code="token_reads_only")
    number, user = found
    uses.used(number)
    return user


def _person(request: Request) -> User | None:
    """Who is logged in; None when nobody is."""
    # Its own short read: holding a connection here, while waiting for a thread, could starve the pool.
    with database(request).read() as session:
        return user_of(session, request.cookies.get(COOKIE))


class May:
    """A dependency that gives the user, or refuses: `user: Annotated[User, Depends(may("orders.write"))]`."""

    def __init__(self, permission: str | None) -> None:
        self.permission = permission

    def __call__(self, request: Request) -> User:
        """The user of the request.

        Raises
        ------
        NotAllowed
            401 when nobody is logged in, 403 when the role lacks the permission; see also `_program`.
        """
        # A person who is logged in is never taken for a program: a proxy may have its own Authorization.
        user = _person(request) or _program(request)
        if user is None:
            raise NotAllowed("Nobody is logged in.", code="not_logged_in")
        if self.permission is not None and self.permission not in user.permissions:
            raise NotAllowed(f"The role {user.role} does not have the permission {self.permission}.")
        return user


def may(permission: str) -> Callable[[Request], User]:
    """A dependency that gives the user if their role has `permission` (one of `ALL`)."""
    if permission not in ALL:
        raise ValueError(f"no permission {permission!r}; there are {', '.join(ALL)}")
    return May(permission)


class Self(May):
    """A dependency that gives the person who is logged in, never a program: what is theirs alone to see."""

    def __init__(self) -> None:
        super().__init__(None)

    def __call__(self, request: Request) -> User:
        """The user of the session.

        Raises
        ------
        NotAllowed
            401 when nobody is logged in, whatever token the request bears.
        """
        user = _person(request)
        if user is None:
            raise NotAllowed("Nobody is logged in.", code="not_logged_in")
        return user


LoggedIn = Annotated[User, Depends(May(None))]
Myself = Annotated[User, Depends(Self())]


class LoginLimit:
    """Failed logins of the last five minutes: at most 5 of one name from one address, 20 from one address.

    A login counts from its begin: no more are checked at a time than may still fail, and the others wait for
    what comes of those, so that guesses in parallel are no more guesses.
    Kept in memory: a restart forgives, and nobody outside can lock a colleague out from another address.

    Parameters
    ----------
    seconds
        A monotonic clock.
    most_keys
        So many names and addresses are remembered at most; the oldest are forgotten first.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic, most_keys: int = MOST_KEYS) -> None:
        self._seconds = seconds
        self._most_keys = most_keys
        self._failures: dict[_Key, deque[float]] = {}
        self._under_way: Counter[_Key] = Counter()
        self._ended = anyio.Event()
        self._lock = threading.Lock()

    @asynccontextmanager
    async def attempt(self, username: str, address: str) -> AsyncIterator[None]:
        """A login under way; it has failed when the block ends in `NotAllowed`.

        One that ends well forgives the failures of this name from this address; one that ends in another
        error counts for nothing.

        Raises
        ------
        NotAllowed
            429 before the block begins, when too many have failed.
        """
        while not self._begins(username, address):
            await self._ended.wait()
        try:
            yield
        except BaseException as error:
            self._ends(username, address, has_failed=isinstance(error, NotAllowed))
            raise
        self._ends(username, address, forgives=True)

    def refuse(self, username: str, address: str) -> None:
        """Nothing comes back; one more failure counts.

        Raises
        ------
        NotAllowed
            429 when too many have failed already.
        """
        with self._lock:
            self._check(username, address)
            self._count(username, address)

    def _begins(self, username: str, address: str) -> bool:
        """Whether a login may be checked now; otherwise when one that is under way has ended."""
        with self._lock:
            self._check(username, address)
            limits = _limits(username, address)
            if any(len(self._recent(key)) + self._under_way[key] >= tries for key, tries in limits.items()):
                return False
            self._under_way.update(limits.keys())
            return True

    def _ends(self, username: str, address: str, *, has_failed: bool = False, forgives: bool = False) -> None:
        with self._lock:
            self._under_way -= Counter(_limits(username, address).keys())
            if forgives:
                self._failures.pop((username, address), None)
            if has_failed:
                self._count(username, address)
        self._ended.set()
        self._ended = anyio.Event()

    def _check(self, username: str, address: str) -> None:
        since = self._seconds() - WINDOW_S
        waits_s = [
            recent[-tries] - since
            for key, tries in _limits(username, address).items()
            if len(recent := self._recent(key)) >= tries
        ]
        if waits_s:
            wait_s = max(1, math.ceil(max(waits_s)))
            detail = f"Too many wrong tries. Try again in {wait_s} seconds."
            raise NotAllowed(detail, code="too_many_attempts", headers={"Retry-After": str(wait_s)})

    def _count(self, username: str, address: str) -> None:
        for key in _limits(username, address):
            if key not in self._failures and len(self._failures) >= self._most_keys:
                self._forget_old()
            self._failures.setdefault(key, deque(maxlen=TRIES_PER_ADDRESS)).append(self._seconds())

    def _recent(self, key: _Key) -> deque[float]:
        recent = self._failures.get(key, deque())
        while recent and recent[0] <= self._seconds() - WINDOW_S:
            recent.popleft()
        return recent

    def _forget_old(self) -> None:
        since = self._seconds() - WINDOW_S
        for key in [key for key, times in self._failures.items() if not times or times[-1] <= since]:
            del self._failures[key]
        while len(self._failures) >= self._most_keys:
            del self._failures[next(iter(self._failures))]


def _limits(username: str, address: str) -> dict[_Key, int]:
    """How many may fail, by name and address together and by address alone."""
    return {(username, address): TRIES_PER_NAME, (address,): TRIES_PER_ADDRESS}
