"""What a gateway file may say about a vibration sensor that streams its waveform."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.devices.device import DeviceKeys, SerialKeys
from edge.devices.serial_sensor import StreamEndpoint
from edge.devices.tag import Strict, Tag, refuse_doubled
from edge.scaling import FLOATS, TEXTS

Feature = Literal[
    "rms",
    "peak",
    "crest",
    "kurtosis",
    "band_rms",
    "band_energy",
    "velocity_rms",
    "envelope_amplitude",
    "envelope_hz",
    "capture",
    "capture_file",
]
BANDED = frozenset({"band_rms", "band_energy", "velocity_rms"})
Hertz = Annotated[float, Field(gt=0, le=500_000, allow_inf_nan=False)]
Band = Annotated[tuple[Hertz, Hertz], Field(strict=False)]
Defect = Literal["bpfo", "bpfi", "bsf", "ftf"]


def _refuse_empty(what: str, band: tuple[float, float] | None) -> None:
    if band and band[0] >= band[1]:
        raise ValueError(f"{what} [{band[0]:g}, {band[1]:g}] is empty; accepted: [lower, upper] in Hz")


class BearingKeys(Strict):
    """A rolling bearing whose outer ring stands, for the frequencies of its defects."""

    balls: int = Field(ge=3, le=200)
    ball_mm: float = Field(gt=0, allow_inf_nan=False)
    pitch_mm: float = Field(gt=0, allow_inf_nan=False)
    contact_deg: float = Field(default=0.0, ge=0, lt=90)
    rpm: float = Field(gt=0, le=1_000_000)

    @model_validator(mode="after")
    def _turns(self) -> "BearingKeys":
        if self.ball_mm >= self.pitch_mm:
            raise ValueError("a ball is as large as the bearing; accepted: ball_mm below pitch_mm")
        return self


class VibrationTag(Tag):
    """A tag fed by one feature of each window.

    `band` (Hz) belongs to `band_rms`, `band_energy` and `velocity_rms`; `hz` or `defect` to
    `envelope_amplitude`, which looks within `tolerance_hz` around it (by default 2 %).
    """

    feature: Feature
    band: Band | None = None
    hz: Hertz | None = None
    defect: Defect | None = None
    tolerance_hz: float | None = Field(default=None, ge=0, le=1000)

    @model_validator(mode="after")
    def _whole(self) -> "VibrationTag":
        _refuse_empty("band", self.band)
        if (self.band is not None) != (self.feature in BANDED):
            raise ValueError(f"{self.feature}: accepted: a band with {', '.join(sorted(BANDED))} alone")
        has_one = (self.hz is None) != (self.defect is None)
        has_none = self.hz is None and self.defect is None and self.tolerance_hz is None
        if not (has_one if self.feature == "envelope_amplitude" else has_none):
            raise ValueError(f"{self.feature}: accepted: one of hz, defect with envelope_amplitude alone")
        wanted = {"capture": {"Boolean"}, "capture_file": TEXTS}.get(self.feature, FLOATS)
        if self.datatype not in wanted:
            raise ValueError(
                f"{self.feature} does not fit {self.datatype}; accepted: {', '.join(sorted(wanted))}"
            )
        if self.writable != (self.feature == "capture"):
            raise ValueError(f"{self.feature}: accepted: writable = true on a capture, on nothing else")
        return self


class VibrationDevice(DeviceKeys):
    """A sensor that sends blocks of samples over TCP or a serial port (`docs/edge/sensors.md`)."""

    driver: Literal["vibration"]
    endpoint: StreamEndpoint
    serial: SerialKeys = SerialKeys(baud=921_600)
    window_s: float = Field(default=1.0, ge=0.05, le=60)
    envelope_band: Band | None = None
    bearing: BearingKeys | None = None
    silence_s: float = Field(default=10.0, gt=0, le=86_400)
    capture_s: float = Field(default=10.0, ge=0.1, le=600)
    capture_dir: str | None = Field(default=None, min_length=1)
    capture_keep: int = Field(default=20, ge=1, le=10_000)
    tag: list[VibrationTag] = Field(min_length=1)

    def located(self, folder: Path) -> "VibrationDevice":
        """The same device with its folder of captures starting at `folder` where it is relative."""
        if self.capture_dir is None:
            return self
        return self.model_copy(update={"capture_dir": str(folder / self.capture_dir)})

    @model_validator(mode="after")
    def _consistent(self) -> "VibrationDevice":
        refuse_doubled(tag.name for tag in self.tag)
        _refuse_empty("envelope_band", self.envelope_band)
        features = {tag.feature for tag in self.tag}
        if features & {"envelope_amplitude", "envelope_hz"} and self.envelope_band is None:
            raise ValueError("an envelope needs envelope_band, where the bearing's housing rings, in Hz")
        if any(tag.defect for tag in self.tag) and self.bearing is None:
            raise ValueError("a defect needs the bearing; accepted: a [device.bearing] table")
        if features & {"capture", "capture_file"} and self.capture_dir is None:
            raise ValueError("a capture needs capture_dir, the folder of its files")
        return self
