"""The manager of a simulated plant: sets once what its OEE is measured against."""

from collections.abc import Callable, Mapping

from taktline.client import Api
from taktline.teller import Teller


class TargetEntry(Teller):
    """Sets the targets of a plant in which nobody has set any; what people change afterwards stays theirs.

    Parameters
    ----------
    targets
        By scope (`site`, `line:ID`, `machine:ID`) what it aims at, as `PUT /oee/targets/{scope}` takes it.
    connect
        Returns a new API session of a user who may set targets.
    """

    def __init__(self, targets: Mapping[str, Mapping[str, float]], connect: Callable[[], Api]) -> None:
        super().__init__("targets", connect)
        self._waiting = dict(targets)
        self._has_begun = False

    def step(self, api: Api) -> int:
        """Set what is not set yet; returns how many targets that were.

        Raises
        ------
        ApiRefused
            When the cloud does not take one; the next step sets it again.
        """
        if self._waiting and not self._has_begun and api.get("/oee/targets"):
            self._waiting.clear()
        self._has_begun = True
        done = 0
        while self._waiting and not self._stop.is_set():
            scope, aim = next(iter(self._waiting.items()))
            api.put(f"/oee/targets/{scope}", dict(aim))
            del self._waiting[scope]
            done += 1
        return done
