"""The example field that comes with the package."""

import numpy as np
import pandas as pd
from astropy.io import fits

from skyclass.frames.simulated import is_simulated
from skyclass.measurement.measure_field import measure_field
from skyclass.models.bundled import find_example_field
from skyclass.surveys.sdss.survey import SDSS

MOST_BYTES = 2 * 10**6


def test_it_is_small_and_says_that_it_is_simulated() -> None:
    files = list(find_example_field().iterdir())
    assert sum(file.stat().st_size for file in files) < MOST_BYTES
    frames = [file for file in files if file.name.endswith(".fits.bz2")]
    assert len(frames) == 5
    for file in frames:
        assert is_simulated(fits.getheader(file)["HISTORY"])


def test_its_stars_lie_where_the_catalogue_says_and_are_as_bright() -> None:
    field = find_example_field()
    catalog = pd.read_csv(field / "catalog.csv")
    (unit, folder), *others = SDSS.find_units([field]).items()
    assert not others
    frames = SDSS.open_unit(folder, unit)
    measured = measure_field(frames, catalog["ra"].to_numpy(), catalog["dec"].to_numpy(), SDSS)
    magnitude = 22.5 - 2.5 * np.log10(measured.psf_flux[:, 2])
    apart = magnitude - catalog["psfMag_r"].to_numpy()
    assert len(catalog) > 40
    assert np.abs(np.median(apart)) < 0.05
    assert np.median(np.abs(apart)) < 0.05
