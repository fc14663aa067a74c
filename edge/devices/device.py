"""What every device of a gateway file has, whatever the driver."""

from typing import Literal

from pydantic import Field

from edge.devices.derived import DerivedTag
from edge.devices.tag import SparkplugId, Strict


class DeviceKeys(Strict):
    """Keys of every `[[device]]`; each driver narrows `driver` and `endpoint` to what it accepts."""

    id: SparkplugId
    driver: str
    endpoint: str
    retry_max_s: float = Field(default=5.0, ge=0.2, le=3600)
    derived: list[DerivedTag] = Field(default_factory=list, max_length=500)


class SerialKeys(Strict):
    """How a serial line speaks."""

    baud: int = Field(default=9600, ge=300, le=4_000_000)
    parity: Literal["none", "even", "odd"] = "none"
    data_bits: Literal[7, 8] = 8
    stop_bits: Literal[1, 2] = 1
