"""What a gateway file may say about an RFID reader on a serial port."""

from typing import Literal

from pydantic import Field, model_validator

from edge.devices.reader import Reader

Protocol = Literal["lines", "chafon18", "r200"]
# Fields of a read that a protocol cannot fill.
UNTOLD: dict[str, frozenset[str]] = {
    "lines": frozenset(),
    "chafon18": frozenset({"rssi"}),
    "r200": frozenset(),
}
ONE_ANTENNA = frozenset({"chafon18", "r200"})
LISTENS_ONLY = frozenset({"lines"})


class RfidDevice(Reader):
    """A reader on a serial port.

    `lines` prints a line per read and is only listened to; `chafon18` (UHFReader18) is asked for an inventory
    every `poll_s`; `r200` (R200, M100) is told once to poll and reports by itself. `timeout_s` is how long an
    answer may take, `address` is of a UHFReader18 on an RS-485 line (255: whichever answers).
    """

    driver: Literal["rfid_serial"]
    endpoint: str = Field(min_length=1)
    protocol: Protocol = "lines"
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 115200
    address: int = Field(default=0, ge=0, le=255)
    poll_s: float = Field(default=0.25, ge=0.02, le=60)
    timeout_s: float = Field(default=2.0, ge=0.1, le=60)

    @model_validator(mode="after")
    def _fits_the_protocol(self) -> "RfidDevice":
        for tag in self.tag:
            if tag.field in UNTOLD[self.protocol]:
                raise ValueError(
                    f"tag {tag.name}: protocol {self.protocol} tells no {tag.field}; accepted: other fields"
                )
        powered = [antenna.port for antenna in self.antenna if antenna.power_dbm is not None]
        if powered and self.protocol in LISTENS_ONLY:
            raise ValueError("a reader of lines is only listened to; accepted: antennas without power_dbm")
        if self.protocol in ONE_ANTENNA and any(antenna.port != 1 for antenna in self.antenna):
            raise ValueError(f"protocol {self.protocol} has one antenna; accepted: port = 1")
        return self

    @property
    def power_dbm(self) -> float | None:
        """Transmit power of the one antenna, None to leave it as it is."""
        return self.antenna[0].power_dbm if self.antenna else None
