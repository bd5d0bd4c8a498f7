"""Pixels of cutouts that are masked, world coordinates, and the common grid."""

from pathlib import Path

import numpy as np
import sep
from astropy.io import fits
from astropy.wcs import WCS

from skyclass.config.sections import CutoutConfig
from skyclass.images.cut_field import cut_field
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.surveys.sdss.layout import BANDS, find_frame
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS
from support.fields import copy_field, find_positions


def test_broken_pixels_are_masked_zeros(pair, tmp_path: Path) -> None:
    frames, first, _ = pair

    def change(unit) -> None:
        unit.data[700:703, 1000] = [np.nan, np.inf, -np.inf]

    folder = copy_field(frames, first, tmp_path / "f", change)
    g = BANDS.index("g")
    wcs = open_field(folder, first)[g].wcs
    ra, dec = wcs.all_pix2world([1000.0], [701.0], 0)
    cutouts, _ = cut_field(folder, first, ra, dec, CutoutConfig(size=9), SDSS)
    assert cutouts.mask[0, g, 3:6, 4].tolist() == [True] * 3
    assert cutouts.mask[0].sum() == 3
    assert np.isfinite(cutouts.flux).all()


def test_saturated_pixels_are_masked_when_asked(pair) -> None:
    frames, first, _ = pair
    frame = open_field(frames, first)[2]
    y, x = np.unravel_index(frame.data.argmax(), frame.data.shape)
    ra, dec = frame.wcs.all_pix2world([float(x)], [float(y)], 0)
    plain, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=33), SDSS)
    masked, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=33, saturated="mask"), SDSS)
    header = fits.getheader(find_frame(frames, first, "r"))
    level = 0.97 * 50631 * header["NMGY"]
    np.testing.assert_array_equal(plain.mask[:, 2] | (plain.flux[:, 2] >= level), masked.mask[:, 2])
    np.testing.assert_array_equal(plain.flux, masked.flux)


def test_background_is_the_median_of_the_rim(pair) -> None:
    frames, first, _ = pair
    ra, dec = find_positions(frames, first, [700.0, 900.0])
    plain, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64), SDSS)
    flat, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64, background="local"), SDSS)
    rim = np.ones((64, 64), bool)
    rim[8:-8, 8:-8] = False
    for i in range(2):
        for band in range(5):
            image = plain.flux[i, band]
            expected = image - np.median(image[rim])
            np.testing.assert_allclose(flat.flux[i, band], expected, atol=1e-6)


def test_world_coordinates_at_the_object(pair) -> None:
    frames, first, _ = pair
    ra, dec = find_positions(frames, first, [700.0])
    cutouts, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64), SDSS)
    frame = open_field(frames, first)[2]
    local = WCS(naxis=2)
    local.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    local.wcs.crval = [ra[0], dec[0]]
    local.wcs.crpix = [1.0, 1.0]
    local.wcs.cd = cutouts.cd[0]
    x, y = frame.pixel(ra, dec)
    there = frame.wcs.all_pix2world([x[0] + 30, x[0] - 20], [y[0] - 25, y[0] + 31], 0)
    pixels = local.all_world2pix(*there, 0)
    np.testing.assert_allclose(pixels, [[30, -20], [-25, 31]], atol=1e-3)


def test_all_bands_on_a_common_grid(pair) -> None:
    frames, first, _ = pair
    opened = open_field(frames, first)
    ra, dec = bright_stars(opened)
    own, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64), SDSS)
    common, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64, grid="common"), SDSS)
    assert not common.offset.any()
    assert common.inside.all()
    before = aperture_flux(own.flux, own.offset, 3.168, pixel_scale=0.396)
    after = aperture_flux(common.flux, common.offset, 3.168, pixel_scale=0.396)
    # the sampling's own error is below 0.3 %; the rest is the noise of the sky in the aperture
    rim = np.concatenate([own.flux[..., :4, :], own.flux[..., -4:, :]], axis=2)
    spread = np.diff(np.quantile(rim, [0.16, 0.84], axis=(2, 3)), axis=0)[0] / 2
    noise = spread * np.sqrt(np.pi) * 8.0
    assert (np.abs(after - before) < 0.003 * before + 2.0 * noise).all()
    # north is up and the object at the centre, in all bands alike
    y, x = np.mgrid[:64, :64] - 31.5
    near = np.hypot(y, x) < 5
    for band in (1, 2, 3):
        light = np.where(near, common.flux[:, band], 0)
        for axis in (y, x):
            assert np.abs((light * axis).sum((1, 2)) / light.sum((1, 2))).max() < 0.05


def bright_stars(frames, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Find bright, isolated and unsaturated stars of a field, away from the edges."""
    r = frames[2].data
    sources = sep.extract(r, 10.0, err=float(np.std(r[r < np.percentile(r, 90)])))
    x, y = sources["x"], sources["y"]
    apart = np.sort(np.hypot(x[:, None] - x, y[:, None] - y), axis=1)[:, 1]
    inside = (np.abs(x - 1024) < 900) & (np.abs(y - 744) < 600)
    round_ = sources["b"] / sources["a"] > 0.9
    good = np.flatnonzero(
        inside & (apart > 30) & round_ & (sources["peak"] < frames[2].saturation / 4)
    )
    chosen = good[np.argsort(sources["peak"][good])[-count:]]
    return frames[2].wcs.all_pix2world(x[chosen], y[chosen], 0)
