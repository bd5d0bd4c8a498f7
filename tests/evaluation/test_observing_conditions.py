"""Noise, neighbours and seeing of stars whose width and flux are known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import sep

from skyclass.evaluation.observing_conditions import choose_crowding_radius, measure_conditions

SCALE = 0.396


@dataclass
class Drawn:
    """Stand-in for stored cutouts."""

    flux: np.ndarray
    offset: np.ndarray

    def __len__(self) -> int:
        return len(self.flux)

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.flux[rows]

    def offsets(self) -> np.ndarray:
        return self.offset


def single(fwhm: np.ndarray, flux: float, size: int = 64, noise: float = 0.02) -> Drawn:
    """Draw a star in each cutout."""
    rng = np.random.default_rng(2)
    offset = rng.uniform(-0.5, 0.5, (len(fwhm), 5, 2)).astype(np.float32)
    images = rng.normal(0.1, noise, (len(fwhm), 5, size, size))
    for image, place, width in zip(images[:, 2], offset[:, 2], fwhm, strict=True):
        add(image, place, width, flux)
    return Drawn(images.astype(np.float32), offset)


def add(image: np.ndarray, place: np.ndarray, fwhm: float, flux: float) -> None:
    """Add a round Gaussian star, `place` in y and x from the middle, `fwhm` in arcsec."""
    sigma = fwhm / SCALE / 2.3548
    axis = np.arange(len(image)) - (len(image) - 1) / 2
    square = (axis[:, None] - place[0]) ** 2 + (axis - place[1]) ** 2
    image += flux * np.exp(-square / 2 / sigma**2) / (2 * np.pi * sigma**2)


def test_width_and_signal_of_known_stars() -> None:
    fwhm = np.repeat([1.0, 1.2, 1.4, 1.8], 5)
    fields = pd.Series([f"301-1-1-{i // 5}" for i in range(20)])
    conditions = measure_conditions(single(fwhm, 20.0), fields, 2, SCALE)
    # noise moves the lower quartile of five by less than a hundredth
    np.testing.assert_allclose(conditions["seeing"], fwhm, rtol=0.02)
    sigma = fwhm / SCALE / 2.3548
    inside = 20 * (1 - np.exp(-(4.0**2) / 2 / sigma**2))
    np.testing.assert_allclose(conditions["snr_r"], inside / (0.02 * np.sqrt(np.pi) * 4), rtol=0.1)
    assert (conditions["crowding"] == 0).all()


def test_galaxies_among_them_do_not_widen_the_seeing() -> None:
    fwhm = np.array([1.2] * 6 + [2.5, 3.0])
    conditions = measure_conditions(single(fwhm, 30.0), pd.Series(["f"] * 8), 2, SCALE)
    assert conditions["seeing"] == pytest.approx(1.2, rel=0.03)


def test_faint_objects_tell_no_seeing() -> None:
    conditions = measure_conditions(single(np.full(4, 1.2), 0.2), pd.Series(["f"] * 4), 2, SCALE)
    assert (conditions["snr_r"] < 5).all()
    assert np.isnan(conditions["seeing"]).all()


def test_objects_of_no_known_field_are_fields_of_their_own() -> None:
    cutouts = single(np.array([1.0, 1.6]), 30.0)
    conditions = measure_conditions(cutouts, pd.Series([pd.NA, pd.NA], dtype="string"), 2, SCALE)
    np.testing.assert_allclose(conditions["seeing"], [1.0, 1.6], rtol=0.02)


def test_neighbours_are_counted_within_the_radius() -> None:
    cutouts = single(np.full(4, 1.2), 20.0)
    for number, place in enumerate([(20.0, 0.0), (20.0, 20.0), (8.0, -8.0)]):
        add(cutouts.flux[number, 2], np.array(place), 1.2, 5.0)
    add(cutouts.flux[2, 2], np.array([-15.0, 3.0]), 1.2, 5.0)
    conditions = measure_conditions(cutouts, pd.Series(["f"] * 4), 2, SCALE)
    # 25.25 pixels are 10 arcsec; the corner lies at 28
    assert conditions["crowding"].tolist() == [1, 0, 2, 0]
    assert choose_crowding_radius(64, SCALE) == 10
    assert choose_crowding_radius(32, SCALE) == pytest.approx(16 * SCALE)


def test_a_band_that_nobody_measured() -> None:
    cutouts = single(np.full(2, 1.2), 20.0)
    cutouts.flux[0, 2] = 0
    cutouts.flux[1, 2, :20] = 0
    conditions = measure_conditions(cutouts, pd.Series(["a", "b"]), 2, SCALE)
    assert np.isnan([conditions[name][0] for name in ("snr_r", "crowding", "seeing")]).all()
    assert conditions["snr_r"][1] > 50


def test_sep_is_left_as_it_was() -> None:
    former = sep.get_extract_pixstack()
    measure_conditions(single(np.full(4, 1.2), 20.0), pd.Series(["f"] * 4), 2, SCALE)
    assert sep.get_extract_pixstack() == former
