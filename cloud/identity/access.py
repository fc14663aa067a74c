"""Who may do what: roles, access as a type in a route's signature, a limit to guessing passwords."""

import hashlib
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.db import database
from cloud.errors import NotAllowed
from cloud.identity import tables
from wire.clock import real_ms

COOKIE = "taktline_session"

WINDOW_S = 300.0
TRIES_PER_NAME = 5
TRIES_PER_ADDRESS = 20
MOST_KEYS = 10_000

READ = ("plant.read", "orders.read", "system.read", "audit.read")
ALL = (*READ, "orders.write", "work_orders.write", "alarms.acknowledge")


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
    RoleEntry("manager", "经理", "Manager", (*READ, "alarms.acknowledge")),
    RoleEntry("planner", "计划员", "Planner", (*READ, "orders.write", "work_orders.write")),
    RoleEntry("operator", "操作工", "Operator", ("plant.read", "orders.read", "alarms.acknowledge")),
    RoleEntry("maintainer", "维修工", "Maintainer", reserved=True),
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


class May:
    """A dependency that gives the user, or refuses: `user: Annotated[User, Depends(may("orders.write"))]`."""

    def __init__(self, permission: str | None) -> None:
        self.permission = permission

    def __call__(self, request: Request) -> User:
        """The user of the request.

        Raises
        ------
        NotAllowed
            401 when nobody is logged in, 403 when the role lacks the permission.
        """
        # Its own short read: holding a connection here, while waiting for a thread, could starve the pool.
        with database(request).read() as session:
            user = user_of(session, request.cookies.get(COOKIE))
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


LoggedIn = Annotated[User, Depends(May(None))]


class LoginLimit:
    """Failed logins of the last five minutes: at most 5 of one name from one address, 20 from one address.

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
        self._failures: dict[tuple[str, ...], deque[float]] = {}
        self._lock = threading.Lock()

    def wait_s(self, username: str, address: str) -> int:
        """Seconds until the next try is let through; 0 = now."""
        with self._lock:
            limits = (((username, address), TRIES_PER_NAME), ((address,), TRIES_PER_ADDRESS))
            return max(self._wait(key, tries) for key, tries in limits)

    def failed(self, username: str, address: str) -> None:
        """Nothing comes back; one more failure counts."""
        with self._lock:
            for key in ((username, address), (address,)):
                if key not in self._failures and len(self._failures) >= self._most_keys:
                    self._forget_old()
                self._failures.setdefault(key, deque(maxlen=TRIES_PER_ADDRESS)).append(self._seconds())

    def succeeded(self, username: str, address: str) -> None:
        """Nothing comes back; the failures of this name from this address are forgiven."""
        with self._lock:
            self._failures.pop((username, address), None)

    def _wait(self, key: tuple[str, ...], tries: int) -> int:
        recent = self._failures.get(key, deque())
        since = self._seconds() - WINDOW_S
        while recent and recent[0] <= since:
            recent.popleft()
        return 0 if len(recent) < tries else max(1, math.ceil(recent[-tries] - since))

    def _forget_old(self) -> None:
        since = self._seconds() - WINDOW_S
        for key in [key for key, times in self._failures.items() if not times or times[-1] <= since]:
            del self._failures[key]
        while len(self._failures) >= self._most_keys:
            del self._failures[next(iter(self._failures))]
