"""The cloud's error tree with its form on the wire (RFC 9457 problem details).

::

    CloudError
    ├── NotFound      404  the thing asked for does not exist
    ├── NotAllowed    401/403  nobody is logged in, or the role lacks the permission
    ├── Conflict      409  the request contradicts what is already recorded
    ├── Invalid       422  the request can never be right as it stands
    └── Unavailable   503  right request, wrong moment: try again
"""

import sqlite3
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as TooLate
from starlette.exceptions import HTTPException

log = structlog.get_logger("cloud.errors")

PROBLEM_JSON = "application/problem+json"
BUSY_S = 5  # after so many seconds a caller may ask again
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
# lock not available in time, deadlock, serialization failure
_POSTGRES_BUSY = frozenset({"55P03", "40P01", "40001"})


class CloudError(Exception):
    """A refusal with a `code` the UI translates and a `detail` a person can read.

    Parameters
    ----------
    detail
        One sentence: what is wrong, and what would be accepted.
    code
        Stable name of the case; by default the code of the class.
    errors
        One mapping per wrong field: `where` (dotted path), `message`.
    headers
        Extra HTTP headers of the answer, for example `Retry-After`.
    """

    status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR
    code: str = "internal"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = list(errors)
        self.headers = dict(headers or {})


class NotFound(CloudError):
    """The thing asked for does not exist."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class NotAllowed(CloudError):
    """The role lacks the permission; with `code="not_logged_in"` nobody is logged in (401)."""

    status = HTTPStatus.FORBIDDEN
    code = "not_allowed"

    def __init__(
        self, detail: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail, code=code, headers=headers)
        if self.code in {"not_logged_in", "wrong_credentials", "wrong_token"}:
            self.status = HTTPStatus.UNAUTHORIZED
        elif self.code == "too_many_attempts":
            self.status = HTTPStatus.TOO_MANY_REQUESTS


class Conflict(CloudError):
    """The request contradicts what is already recorded."""

    status = HTTPStatus.CONFLICT
    code = "conflict"


class Invalid(CloudError):
    """The request can never be right as it stands; `detail` names what is accepted."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"


class Unavailable(CloudError):
    """Right request, wrong moment: the caller may try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"


CODE_OF_STATUS = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.NOT_FOUND: "no_such_page",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Answer in the form of RFC 9457 with our `code` and `errors` members."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        "errors": list(errors),
    }
    return JSONResponse(content, status_code=status, media_type=PROBLEM_JSON, headers=dict(headers or {}))


def is_database_busy(error: BaseException) -> bool:
    """Whether the database refused for others who were at work, so that the same may succeed in a moment."""
    if isinstance(error, TooLate):
        return True
    if not isinstance(error, OperationalError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_BUSY  # above stand the extended codes
    return getattr(error.orig, "sqlstate", None) in _POSTGRES_BUSY


def field_errors(wrong: RequestValidationError) -> list[dict[str, str]]:
    """One entry per wrong field of a request: dotted path with its list positions, and the message."""
    entries = []
    for error in wrong.errors():
        place, *path = error["loc"]
        where = ".".join(str(step) for step in path) or str(place)
        entries.append(
            {"where": where, "in": str(place), "message": str(error["msg"]), "kind": str(error["type"])}
        )
    return entries


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CloudError)  # noqa: S101  registered for this class alone
    return problem(error.status, error.code, error.detail, error.errors, error.headers)


async def _not_valid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class alone
    errors = field_errors(error)
    detail = "; ".join(f"{entry['where']}: {entry['message']}" for entry in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class alone
    status = HTTPStatus(error.status_code)
    code = CODE_OF_STATUS.get(status, status.name.lower())
    detail = f"{request.method} {request.url.path}: {status.phrase.lower()}"
    return problem(status, code, detail, headers=error.headers)


async def _unstorable(request: Request, error: Exception) -> JSONResponse:
    """A text with a NUL character, say, which PostgreSQL holds nowhere."""
    log.warning("value_unstorable", method=request.method, path=request.url.path, reason=str(error)[:500])
    detail = "A value of this request cannot be stored: a character no text may have, or a number too large."
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_value", detail)


async def _database_refused(request: Request, error: Exception) -> JSONResponse:
    if not is_database_busy(error):
        return await _unexpected(request, error)
    log.warning("database_busy", method=request.method, path=request.url.path, reason=str(error)[:500])
    detail = "The database is busy with other work. Nothing was changed: try again in a few seconds."
    headers = {"Retry-After": str(BUSY_S)}
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, headers=headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    detail = "The server could not answer this request. It has been written to the log."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


def install_problem_answers(app: FastAPI) -> None:
    """Nothing comes back; each error of `app` is answered as problem+json, never as a stack trace."""
    app.add_exception_handler(CloudError, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(OperationalError, _database_refused)
    app.add_exception_handler(TooLate, _database_refused)
    app.add_exception_handler(Exception, _unexpected)
