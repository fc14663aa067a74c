"""Log in, who am I, log out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cloud.db import Tx, database
from cloud.errors import NotAllowed
from cloud.identity import actions
from cloud.identity.access import COOKIE, LoggedIn, LoginLimit, user_of
from cloud.identity.schemas import LoginIn, SessionOut

router = APIRouter(tags=["session"])


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
def log_in(
    login: LoginIn, request: Request, response: Response, limit: Annotated[LoginLimit, Depends(login_limit)]
) -> SessionOut:
    """The user, with a session cookie of 12 hours; 401 if name or password is wrong, 429 after many tries."""
    address = request.client.host if request.client else ""
    wait_s = limit.wait_s(login.username, address)
    if wait_s:
        detail = f"Too many failed logins. Try again in {wait_s} seconds."
        raise NotAllowed(detail, code="too_many_attempts", headers={"Retry-After": str(wait_s)})
    db = database(request)
    # The password takes a tenth of a second to check: not while holding the writer's turn.
    with db.read() as session:
        account = actions.check_password(session, login.username, login.password)
    if account is None:
        limit.failed(login.username, address)
        with db.write() as session:
            actions.audit(session, login.username[:60], "session.refused", f"address/{address}")
        raise NotAllowed("The user name or the password is wrong.", code="wrong_credentials")
    limit.succeeded(login.username, address)
    with db.write() as session:
        token = actions.open_session(session, account.id, request.cookies.get(COOKIE))
        actions.audit(session, account.username, "session.open", f"address/{address}")
        user = user_of(session, token)
    if user is None:
        raise NotAllowed("The user is not active.", code="wrong_credentials")
    response.set_cookie(
        COOKIE,
        token,
        max_age=actions.SESSION_MS // 1000,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return _shown(user)


@router.get("/session")
def who_am_i(user: LoggedIn) -> SessionOut:
    """The user who is logged in."""
    return _shown(user)


@router.delete("/session", status_code=204)
def log_out(user: LoggedIn, request: Request, response: Response, session: Tx) -> None:
    """Nothing; the session has ended and its cookie is gone."""
    actions.close_session(session, request.cookies.get(COOKIE))
    actions.audit(session, user, "session.close", f"user/{user.username}")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
