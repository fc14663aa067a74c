"""What the API says about users and sessions."""

from typing import Any

from pydantic import BaseModel, Field


class LoginIn(BaseModel):
    """A user name and a password."""

    username: str = Field(max_length=200)
    password: str = Field(max_length=1000)


class SessionOut(BaseModel):
    """Who is logged in; permissions are names such as `orders.write`."""

    username: str
    display_name: str
    role: str
    permissions: list[str]


class ApiTokenIn(BaseModel):
    """A token that is wanted: for what, with which role's right to read, for how many days."""

    name: str = Field(min_length=1, max_length=100)
    role: str = Field(max_length=60)
    days: int = Field(ge=1, le=730)


class TokenRole(BaseModel):
    """A role that a token may be given, with what it reads."""

    role: str
    reads: list[str]


class ApiTokenOut(BaseModel):
    """An API token without its secret; times are real, `hint` its first characters."""

    id: int
    name: str
    hint: str
    username: str
    role: str
    created_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None
    is_expired: bool


class ApiTokenMade(BaseModel):
    """A new token with its secret, which is shown this once."""

    secret: str
    token: ApiTokenOut


class AuditEntryOut(BaseModel):
    """Who did what to which object, in real time.

    `username` is empty where the program itself did it. `object` is `kind/id`. `detail` says what is worth
    keeping of the action; where a value was changed, as `before` and `after`.
    """

    id: int
    at: str
    username: str
    action: str
    object: str
    detail: dict[str, Any]


class AuditUser(BaseModel):
    """Somebody whose actions the log may hold."""

    username: str
    display_name: str


class AuditLogPage(BaseModel):
    """Entries, the newest first; `next` is the `after` of the page that follows, null at the end."""

    items: list[AuditEntryOut]
    next: int | None
    users: list[AuditUser]
