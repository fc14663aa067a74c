"""Features of vibration against what analysis and published data say."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.vibration import features
from edge.drivers.vibration.bearings import defect_hz

RATE = 25_600.0
T = np.arange(25_600) / RATE


def sine(hz: float, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * T)


def knocks(hz: float, ring_hz: float = 4000.0, amplitude: float = 5.0) -> np.ndarray:
    """An impact train: each knock rings and dies away, as a defect excites a bearing's housing."""
    since = T % (1 / hz)
    return amplitude * np.exp(-since * 800) * np.sin(2 * np.pi * ring_hz * since)


@given(st.integers(5, 5000), st.floats(0.01, 100))
def test_a_sine_has_the_features_of_the_textbook(hz: int, amplitude: float) -> None:
    wave = features.centred(sine(hz, amplitude))
    assert features.rms(wave) == pytest.approx(amplitude / math.sqrt(2), rel=1e-6)
    assert features.kurtosis(wave) == pytest.approx(1.5, rel=1e-6)
    # The peak of a sampled sine lies between two samples at high frequencies.
    assert features.crest(wave) == pytest.approx(math.sqrt(2), rel=0.2 if hz > 1000 else 0.01)
    assert features.peak(wave) <= amplitude * (1 + 1e-9)


def test_noise_a_square_wave_and_silence() -> None:
    noise = np.random.default_rng(7).normal(size=200_000)
    assert features.kurtosis(noise) == pytest.approx(3, abs=0.05)
    square = np.sign(sine(50) + 1e-9)
    assert features.crest(square) == pytest.approx(1)
    assert features.kurtosis(square) == pytest.approx(1)
    silence = np.zeros(100)
    assert (features.rms(silence), features.crest(silence), features.kurtosis(silence)) == (0, 0, 0)


@given(st.integers(0, 2**32 - 1), st.integers(64, 500))
def test_the_bands_together_are_the_whole_whatever_the_wave(seed: int, count: int) -> None:
    wave = np.random.default_rng(seed).normal(size=count)
    spectrum = features.powers(wave, 1000.0)
    edges = [0, 50, 210, 333, 501]
    parts = sum(features.band_energy(spectrum, a, b) for a, b in pairwise(edges))
    assert parts == pytest.approx(features.rms(wave) ** 2)


def test_a_band_holds_the_sine_inside_it_alone() -> None:
    spectrum = features.powers(sine(100, 10) + sine(900, 3), RATE)
    assert features.band_rms(spectrum, 50, 200) == pytest.approx(10 / math.sqrt(2))
    assert features.band_rms(spectrum, 200, 2000) == pytest.approx(3 / math.sqrt(2))
    assert features.band_rms(spectrum, 2000, 12_800) == pytest.approx(0, abs=1e-9)


def test_velocity_is_the_integral_of_acceleration() -> None:
    spectrum = features.powers(sine(100, 1.0) + sine(3000, 50.0), RATE)
    assert features.velocity_rms(spectrum, 10, 1000) == pytest.approx(
        1000 / (2 * math.pi * 100) / math.sqrt(2)
    )


def test_an_amplitude_modulation_shows_in_the_envelope_with_its_depth() -> None:
    wave = (1 + 0.5 * np.cos(2 * np.pi * 20 * T)) * sine(3000)
    found = features.envelope_spectrum(wave, RATE, 2500, 3500)
    assert features.strongest_hz(found) == pytest.approx(20)
    assert features.amplitude_near(found, 20.3, 0.5) == pytest.approx(0.5, rel=1e-6)
    assert features.amplitude_near(found, 50, 1) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("hz", [31, 87, 162])
def test_knocks_show_at_their_rate_below_louder_hum_and_noise(hz: int) -> None:
    noise = np.random.default_rng(3).normal(scale=0.3, size=len(T))
    wave = features.centred(knocks(hz) + sine(49, 8) + noise)
    found = features.envelope_spectrum(wave, RATE, 3000, 5000)
    assert features.strongest_hz(found) == pytest.approx(hz, abs=1)
    quiet = features.envelope_spectrum(features.centred(sine(49, 8) + noise), RATE, 3000, 5000)
    assert features.amplitude_near(found, hz, 2) > 10 * features.amplitude_near(quiet, hz, 2)


def test_defect_frequencies_agree_with_case_western_reserves_bearing_data() -> None:
    found = defect_hz(balls=9, ball_mm=7.94004, pitch_mm=39.03980, contact_deg=0, rpm=60)
    assert found["bpfi"] == pytest.approx(5.4152, abs=2e-4)
    assert found["bpfo"] == pytest.approx(3.5848, abs=2e-4)
    assert found["ftf"] == pytest.approx(0.39828, abs=3e-5)
    assert 2 * found["bsf"] == pytest.approx(4.7135, abs=4e-4)
