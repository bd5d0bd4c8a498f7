"""Pan-STARRS stack images: their scaling, and fluxes against those of SDSS."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyclass.errors import ImageError
from skyclass.surveys.panstarrs.reader import linearise_flux, open_stack
from skyclass.surveys.sdss.raw_frame import read_frame


def test_asinh_stacks_come_back_linear() -> None:
    counts = np.array([-50.0, 0.0, 3.0, 1e5])
    soften, offset = 12.0, 0.7
    scaled = 2.5 * np.log10(np.e) * np.arcsinh((counts - offset) / (2 * soften))
    header = fits.Header({"BSOFTEN": soften, "BOFFSET": offset})
    np.testing.assert_allclose(linearise_flux(scaled, header), counts, rtol=1e-12, atol=1e-12)


def light_around_the_peak(image: np.ndarray, scale: float) -> float:
    """Add up a galaxy's light within 4 arcsec of its brightest pixel, less the sky around it."""
    middle = image[60:180, 60:180]
    y0, x0 = np.unravel_index(middle.argmax(), middle.shape)
    y, x = np.mgrid[:240, :240]
    apart = scale * np.hypot(y - y0 - 60, x - x0 - 60)
    sky = np.median(image[(apart > 16) & (apart < 20)])
    return float((image - sky)[apart < 4].sum())


# SDSS z reaches beyond 0.92 micron, PS1 z does not: a red galaxy has more light in it
@pytest.mark.parametrize(("band", "off"), [("g", 0.05), ("r", 0.05), ("i", 0.05), ("z", 0.15)])
def test_a_galaxy_is_as_bright_for_both_surveys(real_data: Path, band: str, off: float) -> None:
    ours = open_stack(real_data / "panstarrs" / f"PS1_{band}.fits")
    assert ours.band == band
    assert np.abs(ours.wcs.proj_plane_pixel_scales()[0].to_value("arcsec") - 0.25) < 1e-3
    sdss = read_frame(real_data / "panstarrs" / f"SDSS_{band}.fits").data
    theirs = light_around_the_peak(sdss, 0.396)
    assert light_around_the_peak(ours.data, 0.25) == pytest.approx(theirs, rel=off)


def test_not_a_panstarrs_image(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(tmp_path / "a.fits")
    with pytest.raises(ImageError, match=r"a\.fits is not a Pan-STARRS image"):
        open_stack(tmp_path / "a.fits")
