"""Clients that ask the API every few seconds, spread: argv = url, clients, period, seconds."""

import asyncio
import json
import sys
import time
from typing import Final

import httpx

from cloud.identity.actions import DEMO_PASSWORD

ASKED: Final = (
    "/oee?scope=site&period=shift",
    "/oee?scope=site&period=shift&by=machine",
    "/oee?scope=line:L1&period=shift",
    "/live",
)
_ANSWER_S: Final = 60.0


async def ask(url: str, clients: int, period_s: float, seconds: float) -> dict[str, object]:
    """Return the latencies, ms, and what was refused; each client has a connection of its own.

    A latency counts from when the question was due, so that a slow answer does not hide the questions that
    waited behind it.
    """
    took_ms: list[float] = []
    refused: list[str] = []
    async with httpx.AsyncClient(base_url=url, timeout=_ANSWER_S, trust_env=False) as door:
        login = await door.post("/session", json={"username": "admin", "password": DEMO_PASSWORD})
        login.raise_for_status()
        cookies = dict(door.cookies)
    # To make one takes tens of milliseconds: all are there before the first question is due.
    doors = [
        httpx.AsyncClient(base_url=url, timeout=_ANSWER_S, trust_env=False, cookies=cookies)
        for _ in range(clients)
    ]
    began_s = time.monotonic()

    async def one(number: int) -> None:
        async with doors[number] as http:
            due_s, turn = began_s + period_s * number / clients, number
            while due_s < began_s + seconds:
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                path = ASKED[turn % len(ASKED)]
                try:
                    answer = await http.get(path)
                except httpx.HTTPError as error:
                    refused.append(f"{path}: {error!r}")
                else:
                    if not answer.is_success:
                        refused.append(f"{path}: {answer.status_code}")
                took_ms.append((time.monotonic() - due_s) * 1000)
                due_s, turn = due_s + period_s, turn + 1

    await asyncio.gather(*(one(number) for number in range(clients)))
    return {"took_ms": took_ms, "refused": refused}


if __name__ == "__main__":
    said = asyncio.run(ask(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
    sys.stdout.write(json.dumps(said) + "\n")
