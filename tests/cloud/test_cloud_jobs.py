"""Jobs come round, and a failing one does not stop the others."""

import threading

from cloud.jobs import Job, Rounds


def test_a_failing_job_comes_round_again_and_stops_no_other() -> None:
    failed_twice, worked_twice = threading.Semaphore(0), threading.Semaphore(0)

    def fail() -> None:
        failed_twice.release()
        raise RuntimeError("each time")

    rounds = Rounds([Job("bad", 0.01, fail), Job("good", 0.01, worked_twice.release)])
    rounds.start()
    try:
        for counted in (failed_twice, worked_twice) * 2:
            assert counted.acquire(timeout=60)
    finally:
        rounds.stop()


def test_rounds_without_jobs_stop_at_once() -> None:
    rounds = Rounds([])
    rounds.start()
    rounds.stop()
    assert not rounds._thread.is_alive()
