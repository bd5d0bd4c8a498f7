"""Fluxes and magnitudes."""

import numpy as np
import pytest
import torch
from astropy import units

from skyclass.images.stretch import asinh_magnitude
from skyclass.photometry import (
    propagate_asinh_error,
    to_asinh_magnitude,
    to_flux,
    to_magnitude,
)
from skyclass.simulation.colour_tables import add_colours
from skyclass.surveys.sdss.layout import SOFTENING

FLUX = np.array([1e-3, 1.0, 50.0, 3e4])


def test_a_nanomaggy_has_the_magnitude_that_astropy_gives_it():
    nanomaggies = FLUX * 1e-9 * units.AB
    assert to_magnitude(FLUX) == pytest.approx(nanomaggies.to_value(units.ABmag))
    assert to_flux(to_magnitude(FLUX)) == pytest.approx(FLUX)


def test_a_flux_that_is_not_positive_has_no_magnitude():
    assert np.isnan(to_magnitude(np.array([0.0, -1.0, np.nan]))).all()


def test_asinh_magnitudes_are_the_published_ones():
    # zero flux: Stoughton et al. 2002, table 21
    zero = to_asinh_magnitude(np.zeros((1, 5)), np.array(SOFTENING))[0]
    assert zero.round(2).tolist() == [24.63, 25.11, 24.80, 24.36, 22.83]
    bright = np.full((1, 5), 1e6)
    assert to_asinh_magnitude(bright, np.array(SOFTENING)) == pytest.approx(
        to_magnitude(bright), abs=1e-9
    )


def test_an_error_is_carried_through_the_slope():
    step = 1e-6 * FLUX
    slope = to_asinh_magnitude(FLUX - step, 1.2e-10) - to_asinh_magnitude(FLUX + step, 1.2e-10)
    assert propagate_asinh_error(FLUX, FLUX, 1.2e-10) == pytest.approx(slope / 2e-6, rel=1e-6)


def test_pictures_and_catalogues_have_the_same_asinh_magnitudes():
    flux = np.linspace(-2.0, 100.0, 40).reshape(2, 5, 2, 2)
    expected = to_asinh_magnitude(np.moveaxis(flux, 1, -1), np.array(SOFTENING))
    picture = asinh_magnitude(torch.from_numpy(flux), SOFTENING)
    assert np.moveaxis(picture.numpy(), 1, -1) == pytest.approx(expected, abs=1e-9)


def test_colours_are_differences_of_magnitudes():
    magnitudes = add_colours(np.array([15.0]), np.array([[1.0, 0.5, 0.25, 0.125]]))
    assert -np.diff(magnitudes, axis=1) == pytest.approx(np.array([[1.0, 0.5, 0.25, 0.125]]))
    assert magnitudes[0, 2] == 15.0
