"""Work that comes round at an interval of real time: each job in its own turn of one thread."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

log = structlog.get_logger("cloud.jobs")

STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """`run` every `every_s` real seconds, first after one interval."""

    name: str
    every_s: float
    run: Callable[[], None]


class Rounds:
    """A thread that runs the jobs whose time has come; a job that fails is logged and comes round again.

    Parameters
    ----------
    jobs
        Jobs of well under a second each, since they share the thread.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = tuple(jobs)
        self._failing: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Nothing comes back; the first intervals begin."""
        self._thread.start()

    def stop(self) -> None:
        """Nothing comes back; the job in work is finished first."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        start = time.monotonic()
        due = {job.name: start + job.every_s for job in self._jobs}
        while not self._stopping.is_set():
            now = time.monotonic()
            for job in self._jobs:
                if due[job.name] <= now:
                    self._once(job)
                    due[job.name] = time.monotonic() + job.every_s
            nearest = min(due.values(), default=now + STOP_S)
            self._stopping.wait(max(0.0, nearest - time.monotonic()))

    def _once(self, job: Job) -> None:
        try:
            job.run()
        except Exception:  # task boundary: one job's fault must not stop the others
            if job.name not in self._failing:
                log.exception("job_failed", job=job.name)
            self._failing.add(job.name)
        else:
            self._failing.discard(job.name)
