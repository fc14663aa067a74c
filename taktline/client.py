"""The product's API as the front door uses it: a logged-in session that outlasts a restart."""

import time
from collections.abc import Iterator
from typing import Any, Self

import httpx

from taktline.programs import wait_until


class ApiRefused(RuntimeError):
    """The cloud answered with a problem; the message holds its status, code and detail."""


class Api:
    """A logged-in session on the cloud's API.

    Parameters
    ----------
    base_url
        For example `http://127.0.0.1:8000`.
    username, password
        A user with the permissions of the calls that follow.
    patience_s
        So long a call is repeated, in real seconds, while the cloud does not answer or is busy.
    """

    def __init__(self, base_url: str, username: str, password: str, *, patience_s: float = 30.0) -> None:
        self.credentials = {"username": username, "password": password}
        self.patience_s = patience_s
        self.http = httpx.Client(base_url=f"{base_url}/api/v1", timeout=60.0, trust_env=False)

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.http.close()

    def healthy(self) -> bool:
        """Say whether the cloud answers."""
        try:
            return self.http.get("/health", timeout=2.0).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def wait_healthy(self, timeout_s: float) -> bool:
        """Return whether the cloud answered within `timeout_s` real seconds."""
        return wait_until(self.healthy, timeout_s, every_s=0.1)

    def get(self, path: str, **params: str | float) -> Any:
        """Return the JSON answer of a GET.

        Raises
        ------
        ApiRefused
            When the cloud answers with an error, or is away or busy for longer than the patience.
        """
        return self._call("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Return the JSON answer of a POST; repeated when the cloud is away, so only for idempotent calls."""
        return self._call("POST", path, json=body)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Return the JSON answer of a PUT; repeated when the cloud is away."""
        return self._call("PUT", path, json=body)

    def audit_points(self, page: int = 50_000) -> Iterator[list[Any]]:
        """Yield all points as stored: stream, position, ord, tag, ts_ms, value, quality, times."""
        after: int | None = 0
        while after is not None:
            answer = self.get("/audit/points", after=after, limit=page)
            yield from answer["rows"]
            after = answer["next"]

    def _call(self, method: str, path: str, **options: Any) -> Any:
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                answer = self.http.request(method, path, **options)
                if answer.status_code == httpx.codes.UNAUTHORIZED:
                    self.http.post("/session", json=self.credentials)
                    answer = self.http.request(method, path, **options)
            except httpx.HTTPError as error:
                if time.monotonic() > deadline:
                    raise ApiRefused(f"{method} {path}: no answer from the cloud ({error})") from error
                time.sleep(0.2)
                continue
            if answer.is_success:
                return answer.json()
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "Retry-After" in answer.headers:
                pause_s = float(answer.headers["Retry-After"])
                if time.monotonic() + pause_s < deadline:  # nothing was changed: the same may be said again
                    time.sleep(pause_s)
                    continue
            raise ApiRefused(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
