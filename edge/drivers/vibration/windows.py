"""What the tags of a vibration sensor say about one window of its wave."""

from typing import TYPE_CHECKING

from edge.devices.vibration import VibrationDevice, VibrationTag
from edge.drivers.vibration import features
from edge.drivers.vibration.bearings import defect_hz
from edge.drivers.vibration.blocks import Block
from edge.errors import DeviceRefused

if TYPE_CHECKING:
    from edge.drivers.vibration.features import Spectrum, Wave

# How far a defect may be off what geometry and speed say: bearings slip, speeds vary.
SLIP = 0.02
_OF_WAVE = {
    "rms": features.rms,
    "peak": features.peak,
    "crest": features.crest,
    "kurtosis": features.kurtosis,
}
_OF_BAND = {
    "band_rms": features.band_rms,
    "band_energy": features.band_energy,
    "velocity_rms": features.velocity_rms,
}


class Windows:
    """Computes the features of one device.

    Raises
    ------
    DeviceRefused
        When numpy is not installed.
    """

    def __init__(self, device: VibrationDevice) -> None:
        try:
            import numpy  # noqa: F401, ICN001, PLC0415 - only under the extra
        except ImportError as error:
            raise DeviceRefused(
                "vibration features need numpy; accepted: install taktline[edge,edge-fast]"
            ) from error
        self._device = device
        self._tags = [tag for tag in device.tag if tag.feature not in {"capture", "capture_file"}]
        self._defects = defect_hz(**device.bearing.model_dump()) if device.bearing else {}

    def refuse_slow(self, rate_hz: float) -> None:
        """Raise DeviceRefused when the sensor is too slow for what the configuration asks."""
        highest = max(
            [band[1] for tag in self._tags if (band := tag.band)]
            + ([self._device.envelope_band[1]] if self._device.envelope_band else [0.0])
        )
        if highest > rate_hz / 2:
            raise DeviceRefused(
                f"{highest:g} Hz is asked for, the sensor samples at {rate_hz:g} Hz; "
                f"accepted: bands up to {rate_hz / 2:g} Hz"
            )

    def values(self, blocks: list[Block]) -> dict[str, float]:
        """Value of each feature's tag for the wave of these blocks, which follow each other."""
        import numpy as np  # noqa: PLC0415 - only under the extra

        counts = np.frombuffer(b"".join(block.counts for block in blocks), dtype="<i2")
        rate_hz = blocks[0].rate_hz
        wave = features.centred(counts * np.float64(blocks[0].scale))
        spectrum = features.powers(wave, rate_hz)
        band = self._device.envelope_band
        knocks = features.envelope_spectrum(wave, rate_hz, *band) if band else None
        return {tag.name: self._value(tag, wave, spectrum, knocks) for tag in self._tags}

    def _value(
        self, tag: VibrationTag, wave: "Wave", spectrum: "Spectrum", knocks: "Spectrum | None"
    ) -> float:
        if tag.feature in _OF_WAVE:
            return _OF_WAVE[tag.feature](wave)
        if tag.band:
            return _OF_BAND[tag.feature](spectrum, *tag.band)
        assert knocks is not None  # noqa: S101 - the configuration was checked
        if tag.feature == "envelope_hz":
            return features.strongest_hz(knocks)
        hz = tag.hz if tag.hz is not None else self._defects[tag.defect or ""]
        tolerance_hz = SLIP * hz if tag.tolerance_hz is None else tag.tolerance_hz
        return features.amplitude_near(knocks, hz, tolerance_hz)
