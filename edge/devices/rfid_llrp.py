"""What a gateway file may say about an RFID reader that speaks LLRP."""

from typing import Literal

from pydantic import Field, model_validator

from edge.devices.reader import Reader
from edge.devices.tag import TcpEndpoint


class LlrpDevice(Reader):
    """A reader that speaks LLRP over TCP, usually at port 5084.

    Without `[[device.antenna]]` all antennas work with the reader's own power. `session` and `population`
    are the Gen2 session and the expected number of tags in the field; `mode` is an RF mode of the reader,
    its first by default. `report_tags`: so many tags wait for one report. `keepalive_s` 0 asks for none.
    `hold` lets the reader keep reads for us while the link is down. `time = "gateway"` stamps reads with
    the gateway's clock.
    """

    driver: Literal["rfid_llrp"]
    endpoint: TcpEndpoint
    session: int = Field(default=1, ge=0, le=3)
    population: int = Field(default=32, ge=1, le=65_535)
    mode: int | None = Field(default=None, ge=0, le=65_535)
    report_tags: int = Field(default=1, ge=1, le=1000)
    keepalive_s: float = Field(default=5.0, ge=0, le=3600, allow_inf_nan=False)
    probe_s: float = Field(default=1.0, ge=0.05, le=60)
    timeout_s: float = Field(default=5.0, ge=0.1, le=60)
    hold: bool = True
    time: Literal["reader", "gateway"] = "reader"

    @model_validator(mode="after")
    def _is_sound(self) -> "LlrpDevice":
        if 0 < self.keepalive_s < 0.05:  # noqa: PLR2004 - said in the message
            raise ValueError("keepalive_s is too short; accepted: 0 for none, or 0.05 and more")
        return self
