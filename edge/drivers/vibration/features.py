"""Features of a window of vibration; numpy (extra `edge-fast`) is imported when they are used."""

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Wave = NDArray[np.float64]

# Below this the envelope's spectrum shows the window, not the machine.
LOWEST_ENVELOPE_HZ = 2.0
MM_PER_M = 1000.0


class Spectrum(NamedTuple):
    """Amplitudes of a spectrum at equal steps of frequency from 0 Hz."""

    step_hz: float
    amplitudes: "Wave"


def centred(wave: "Wave") -> "Wave":
    """The wave without its mean: gravity or an offset of the sensor is no vibration."""
    found: Wave = wave - wave.mean()
    return found


def rms(wave: "Wave") -> float:
    """Root mean square √(Σx²/n); a sine of amplitude A has A/√2 (ISO 20816-1), so A = 10 gives 7.071."""
    return math.sqrt(float((wave * wave).mean()))


def peak(wave: "Wave") -> float:
    """Largest |x|; a sine of amplitude 10 has 10."""
    return float(abs(wave).max())


def crest(wave: "Wave") -> float:
    """Crest factor peak/RMS; a sine has √2 = 1.414, a square wave 1. 0 for silence."""
    effective = rms(wave)
    return peak(wave) / effective if effective else 0.0


def kurtosis(wave: "Wave") -> float:
    """Fourth moment over the squared second, Σx⁴/n ÷ (Σx²/n)²: a sine 1.5, Gaussian noise 3, knocks more.

    Pearson's kurtosis, not the excess over 3 (Dyer and Stewart, J. Mech. Des. 100, 1978). 0 for silence.
    """
    square = wave * wave
    second = float(square.mean())
    return float((square * square).mean()) / second**2 if second else 0.0


def powers(wave: "Wave", rate_hz: float) -> Spectrum:
    """Mean square per bin; all of them together are the squared RMS (Parseval).

    A sine of amplitude 10 on a bin gives 50 there: its RMS is √50 = 7.071.
    """
    import numpy as np  # noqa: PLC0415 - only under the extra

    count = len(wave)
    found = np.abs(np.fft.rfft(wave) / count) ** 2
    # Every bin but those at 0 Hz and at half the rate stands for two of the full spectrum.
    found[1 : len(found) - (count % 2 == 0)] *= 2
    return Spectrum(rate_hz / count, found)


def band_energy(spectrum: Spectrum, low_hz: float, high_hz: float) -> float:
    """Mean square inside [low, high) Hz of a spectrum by `powers`, in the squared unit of the wave."""
    first, last = (math.ceil(hz / spectrum.step_hz - 1e-9) for hz in (low_hz, high_hz))
    return float(spectrum.amplitudes[first:last].sum())


def band_rms(spectrum: Spectrum, low_hz: float, high_hz: float) -> float:
    """RMS inside [low, high) Hz, the root of `band_energy`."""
    return math.sqrt(band_energy(spectrum, low_hz, high_hz))


def velocity_rms(spectrum: Spectrum, low_hz: float, high_hz: float) -> float:
    """RMS of vibration velocity in mm/s inside [low, high) Hz, of an acceleration in m/s².

    Integrated bin by bin, v = a/(2πf); ISO 20816 judges machines by it over 10 to 1000 Hz. A sine of 1 m/s²
    at 100 Hz has a velocity amplitude of 1/(2π·100) m/s, so 1.592/√2 = 1.125 mm/s.
    """
    import numpy as np  # noqa: PLC0415 - only under the extra

    first, last = (math.ceil(hz / spectrum.step_hz - 1e-9) for hz in (low_hz, high_hz))
    first = max(first, 1)
    parts = spectrum.amplitudes[first:last]
    turns = 2 * math.pi * spectrum.step_hz * np.arange(first, first + len(parts))
    return math.sqrt(float((parts / turns**2).sum())) * MM_PER_M


def envelope(wave: "Wave", rate_hz: float, low_hz: float, high_hz: float) -> "Wave":
    """The envelope of what the wave is inside [low, high) Hz.

    The amplitude of the analytic signal, whose spectrum is the band's positive half doubled (Randall and
    Antoni 2011, section 5). (1 + 0.5·cos 2π·20t)·sin 2π·3000t has the envelope 1 + 0.5·cos 2π·20t.
    """
    import numpy as np  # noqa: PLC0415 - only under the extra

    count = len(wave)
    spectrum = np.fft.rfft(wave)
    first, last = (math.ceil(hz * count / rate_hz - 1e-9) for hz in (low_hz, high_hz))
    analytic = np.zeros(count, dtype=complex)
    analytic[first:last] = 2 * spectrum[first:last]
    return np.abs(np.fft.ifft(analytic))


def envelope_spectrum(wave: "Wave", rate_hz: float, low_hz: float, high_hz: float) -> Spectrum:
    """Amplitudes of the envelope by frequency, without its mean.

    A defect that knocks 87 times a second, each knock ringing at some kHz inside the band, shows a peak at
    87 Hz and its multiples. (1 + 0.5·cos 2π·20t)·sin 2π·3000t gives 0.5 at 20 Hz.
    """
    import numpy as np  # noqa: PLC0415 - only under the extra

    found = centred(envelope(wave, rate_hz, low_hz, high_hz))
    return Spectrum(rate_hz / len(wave), 2 / len(wave) * np.abs(np.fft.rfft(found)))


def amplitude_near(spectrum: Spectrum, hz: float, tolerance_hz: float) -> float:
    """Largest amplitude within `tolerance_hz` of `hz`, at least over the nearest bin."""
    nearest = round(hz / spectrum.step_hz)
    first = min(nearest, math.ceil((hz - tolerance_hz) / spectrum.step_hz))
    last = max(nearest, math.floor((hz + tolerance_hz) / spectrum.step_hz))
    found = spectrum.amplitudes[max(first, 1) : last + 1]
    return float(found.max()) if len(found) else 0.0


def strongest_hz(spectrum: Spectrum) -> float:
    """Frequency of the largest amplitude above 2 Hz; its resolution is one over the window's length."""
    first = max(1, math.ceil(LOWEST_ENVELOPE_HZ / spectrum.step_hz))
    return (first + int(spectrum.amplitudes[first:].argmax())) * spectrum.step_hz
