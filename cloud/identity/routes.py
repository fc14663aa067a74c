"""Log in, who am I, log out, who did what."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from cloud.db import Database, Read, RowId, Tx, database
from cloud.errors import NotAllowed
from cloud.identity import actions, queries
from cloud.identity.access import COOKIE, LoggedIn, LoginLimit, Myself, User, may, user_of
from cloud.identity.queries import iso
from cloud.identity.schemas import (
    ApiTokenIn,
    ApiTokenMade,
    ApiTokenOut,
    AuditLogPage,
    LoginIn,
    SessionOut,
    TokenRole,
)
from cloud.identity.tables import ApiToken
from wire.clock import real_ms

router = APIRouter(tags=["session"])

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def login_limit(request: Request) -> LoginLimit:
    """The application's limit of failed logins."""
    limit: LoginLimit = request.app.state.login_limit
    return limit


def _shown(user: LoggedIn) -> SessionOut:
    return SessionOut(
        username=user.username,
        display_name=user.display_name,
        role=user.role,
        permissions=sorted(user.permissions),
    )


@router.post("/session")
async def log_in(
    login: LoginIn, request: Request, response: Response, limit: Annotated[LoginLimit, Depends(login_limit)]
) -> SessionOut:
    """The user, with a session cookie of 12 hours; 401 if name or password is wrong, 429 after many tries."""
    address = request.client.host if request.client else ""
    db = database(request)
    former = request.cookies.get(COOKIE)
    async with limit.attempt(login.username, address):
        # A password takes a tenth of a second to check: not while holding the writer's turn.
        account_id = await to_thread.run_sync(_check, db, login)
        async with db.write_for_request() as session:
            opened = await to_thread.run_sync(_open, session, account_id, login.username, address, former)
        if opened is None:
            raise NotAllowed("The user name or the password is wrong.", code="wrong_credentials")
    token, user = opened
    _give_cookie(request, response, token)
    return _shown(user)


def _give_cookie(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=actions.SESSION_MS // 1000,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


def _check(db: Database, login: LoginIn) -> int | None:
    with db.read() as session:
        account = actions.check_password(session, login.username, login.password)
    return account.id if account else None


def _open(
    session: Session, account_id: int | None, username: str, address: str, former: str | None
) -> tuple[str, User] | None:
    if account_id is None:
        actions.audit(session, username[:60], "session.refused", f"address/{address}")
        return None
    token = actions.open_session(session, account_id, former)
    user = user_of(session, token)
    if user is None:
        return None
    actions.audit(session, user, "session.open", f"address/{address}")
    return token, user


@router.get("/session")
def who_am_i(user: LoggedIn) -> SessionOut:
    """The user who is logged in."""
    return _shown(user)


@router.post("/session/renew")
def renew(user: Myself, request: Request, response: Response, session: Tx) -> SessionOut:
    """The user; the session goes on for 12 hours from now, so that a board on a wall need not log in daily.

    It ends 90 days after its login all the same, at once when somebody logs out or the user is made inactive.
    """
    token = request.cookies.get(COOKIE)
    if token is None or not actions.renew_session(session, token):
        raise NotAllowed("Nobody is logged in.", code="not_logged_in")
    _give_cookie(request, response, token)
    return _shown(user)


@router.delete("/session", status_code=204)
def log_out(user: Myself, request: Request, response: Response, session: Tx) -> None:
    """Nothing; the session has ended and its cookie is gone."""
    actions.close_session(session, request.cookies.get(COOKIE))
    actions.audit(session, user, "session.close", f"user/{user.username}")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


@router.get("/tokens")
def list_tokens(user: Myself, session: Read) -> list[ApiTokenOut]:
    """The API tokens of the user, the newest first; all of everybody for who manages tokens."""
    return [_token(row, username) for row, username in actions.tokens_of(session, user)]


@router.get("/tokens/roles")
def list_token_roles(user: Myself, session: Read) -> list[TokenRole]:
    """The roles that a token of the user may be given, each with what it reads; a token changes nothing."""
    possible = actions.token_roles(session, user)
    return [TokenRole(role=role, reads=reads) for role, reads in possible.items()]


@router.post("/tokens", status_code=201)
def post_token(user: Myself, session: Tx, wanted: ApiTokenIn) -> ApiTokenMade:
    """A new API token with its secret, which is not shown again."""
    secret, row = actions.make_token(session, user, wanted)
    return ApiTokenMade(secret=secret, token=_token(row, user.username))


@router.post("/tokens/{number}/revoke", status_code=204)
def revoke_token(user: Myself, session: Tx, number: RowId) -> None:
    """Nothing; the token opens nothing any more."""
    actions.revoke_token(session, user, number)


def _token(row: ApiToken, username: str) -> ApiTokenOut:
    return ApiTokenOut(
        id=row.id,
        name=row.name,
        hint=row.hint,
        username=username,
        role=row.role_id,
        created_at=iso(row.created_ms),
        expires_at=iso(row.expires_ms),
        used_at=None if row.used_ms is None else iso(row.used_ms),
        revoked_at=None if row.revoked_ms is None else iso(row.revoked_ms),
        is_expired=row.expires_ms <= real_ms(),
    )


class _Asked(BaseModel):
    """What of the audit log is asked for; times are real and half-open."""

    kind: str | None = Field(default=None, max_length=200, description="`reason`, `machine`, `order` …")
    object: str | None = Field(default=None, max_length=200, description="`reason/eq-mechanical`, `tag/…`")
    action: str | None = Field(default=None, max_length=60, description="`plant.minor_stop` …")
    username: str | None = Field(default=None, max_length=60, description="Empty: the program itself.")
    start: AwareDatetime | None = Field(default=None, alias="from")
    end: AwareDatetime | None = Field(default=None, alias="to")
    after: int | None = Field(default=None, ge=1, lt=1 << 62)
    limit: int = Field(default=50, ge=1, le=500)
    form: Literal["json", "csv"] = Field(default="json", alias="format")


@router.get("/audit/log", response_model=AuditLogPage, tags=["audit"])
def audit_log(
    _user: Annotated[User, Depends(may("audit.read"))],
    request: Request,
    session: Read,
    asked: Annotated[_Asked, Query()],
) -> AuditLogPage | StreamingResponse:
    """A page of who did what, the newest first; as `csv` all of it that is asked for."""
    wanted = queries.AuditFilter(
        kind=asked.kind,
        object=asked.object,
        action=asked.action,
        username=asked.username,
        from_ms=_ms(asked.start),
        to_ms=_ms(asked.end),
    )
    if asked.form == "csv":
        headers = {"content-disposition": 'attachment; filename="audit-log.csv"'}
        lines = queries.audit_csv(database(request), wanted)
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
    return queries.audit_page(session, wanted, asked.after, asked.limit)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // timedelta(milliseconds=1)
