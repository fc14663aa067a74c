"""Writes to a device: one queue, each answered exactly once, whoever fails."""

import asyncio
import threading
import time
from concurrent.futures import Future, wait
from pathlib import Path

import pytest
from edge_plcs import CLOCK, Sink, config, until

from edge.config import load
from edge.devices import Device
from edge.devices.tag import Tag
from edge.errors import ConfigWrong, DeviceUnreachable
from edge.health import DeviceHealth
from edge.intake import Intake, Sample
from edge.watches import Backoff, supervise
from edge.writes import MAX_WAITING, WriteFailed, Writes, WriteValue

SOON = 60.0


def opened() -> Writes:
    writes = Writes()
    writes.open()
    return writes


def reason(answer: Future[WriteValue]) -> str:
    failure = answer.exception(0)
    assert isinstance(failure, WriteFailed)
    return str(failure)


def test_writes_are_taken_in_order_and_answered_with_what_was_read_back() -> None:
    writes = opened()
    answers = [writes.put("speed", n, time.monotonic() + SOON) for n in (1, 2)]
    first = writes.take()
    second = writes.take()
    assert first is not None
    assert second is not None
    assert (first.tag, first.value, second.value) == ("speed", 1, 2)
    first.done(1)
    second.failed("the unit says illegal address")
    assert answers[0].result(0) == 1
    assert reason(answers[1]) == "the unit says illegal address"
    assert writes.take() is None


def test_a_write_is_answered_once_whatever_comes_later() -> None:
    writes = opened()
    answer = writes.put("speed", 1, time.monotonic() + SOON)
    write = writes.take()
    assert write is not None
    write.done(1)
    write.failed("too late")
    writes.close("the device is gone")
    assert answer.result(0) == 1


def test_an_expired_write_never_reaches_the_driver() -> None:
    writes = opened()
    late = writes.put("speed", 1, time.monotonic() - 0.001)
    good = writes.put("speed", 2, time.monotonic() + SOON)
    write = writes.take()
    assert write is not None
    assert write.value == 2
    assert "expired" in reason(late)
    assert not good.done()


def test_without_a_session_every_write_is_refused_at_once() -> None:
    writes = Writes()
    assert "has not answered yet" in reason(writes.put("speed", 1, time.monotonic() + SOON))
    writes.open()
    waiting = writes.put("speed", 1, time.monotonic() + SOON)
    taken = writes.put("speed", 2, time.monotonic() + SOON)
    assert writes.take() is not None
    writes.close("cable cut")
    assert "unknown whether it was written" in reason(waiting)
    assert reason(taken) == "cable cut"
    assert reason(writes.put("speed", 3, time.monotonic() + SOON)) == "cable cut"


def test_the_queue_is_bounded() -> None:
    writes = opened()
    answers = [writes.put("speed", n, time.monotonic() + SOON) for n in range(MAX_WAITING + 1)]
    assert [answer.done() for answer in answers] == [False] * MAX_WAITING + [True]
    assert "wait for this device already" in reason(answers[-1])


def test_a_waiting_driver_wakes_for_a_write_of_another_thread() -> None:
    async def main() -> None:
        writes = opened()

        async def serve() -> None:
            await writes.wait()
            write = writes.take()
            assert write is not None
            write.done(write.value)

        driver = asyncio.create_task(serve())
        await asyncio.sleep(0)
        answers: list[Future[WriteValue]] = []
        other = threading.Thread(target=lambda: answers.append(writes.put("x", 7, time.monotonic() + SOON)))
        other.start()
        await asyncio.wait_for(driver, 60)
        other.join()
        assert answers[0].result(0) == 7
        writes.put("x", 8, time.monotonic() + SOON)
        await asyncio.wait_for(writes.wait(), 60)  # one that waits already is seen at once

    asyncio.run(main())


def test_many_threads_lose_no_answer() -> None:
    writes = opened()
    answers: list[Future[WriteValue]] = []
    ending = threading.Event()

    def drive() -> None:
        while not ending.is_set():
            if (write := writes.take()) is not None:
                write.done(write.value)

    def ask() -> None:
        answers.extend(writes.put("x", n, time.monotonic() + SOON) for n in range(200))

    driver = threading.Thread(target=drive)
    askers = [threading.Thread(target=ask) for _ in range(3)]
    for thread in (driver, *askers):
        thread.start()
    for thread in askers:
        thread.join()
    done, not_done = wait(answers, 60)
    ending.set()
    driver.join()
    assert len(done) == 600
    assert not not_done


def test_the_supervisor_refuses_writes_while_the_session_is_down() -> None:
    async def main() -> None:
        release = asyncio.Event()
        device = config(
            {
                "id": "M1",
                "driver": "modbus",
                "endpoint": "127.0.0.1:1",
                "tag": [{"name": "x", "datatype": "Int32", "address": 0, "type": "int16", "writable": True}],
            }
        ).device[0]
        sink = Sink()
        intake = Intake(
            device="M1",
            tags=device.tag,
            clock=CLOCK,
            hand=sink.hand,
            mark=lambda: None,
            health=DeviceHealth(),
        )

        async def watch(_device: Device, given: Intake) -> None:
            given.take([Sample("x", given.clock.now_ms(), 1)], None)
            await release.wait()
            release.clear()
            raise DeviceUnreachable("cable cut")

        backoff = Backoff(first_s=0.01, longest_s=0.02)
        task = asyncio.create_task(supervise(device, watch, intake, backoff, lambda _d, _o: None))
        await until(lambda: intake.health.state == "up")
        waiting = intake.writes.put("x", 2, time.monotonic() + SOON)
        assert not waiting.done()
        release.set()
        await until(waiting.done)
        assert "cable cut" in reason(waiting)
        await until(lambda: intake.health.sessions == 2)
        last = intake.writes.put("x", 3, time.monotonic() + SOON)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert "leaves the device" in reason(last)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"write_min": 1.0}, "accepted: with writable = true"),
        ({"writable": True, "write_min": 2.0, "write_max": 1.0}, "lies above write_max"),
        ({"writable": True, "datatype": "Boolean", "write_max": 1.0}, "takes no write_min"),
    ],
)
def test_write_limits_that_make_no_sense_are_refused(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Tag.model_validate({"name": "x", "datatype": "Int32"} | keys)


def test_a_reader_s_tag_cannot_be_writable(tmp_path: Path) -> None:
    path = tmp_path / "gw.toml"
    path.write_text("""
        [gateway]
        group = "g"
        node = "n"
        [spool]
        path = "s"
        [[device]]
        id = "R"
        driver = "rfid_serial"
        endpoint = "/dev/x"
        [[device.tag]]
        name = "tag"
        datatype = "String"
        writable = true
    """)
    with pytest.raises(ConfigWrong, match="takes no commands"):
        load(path)
