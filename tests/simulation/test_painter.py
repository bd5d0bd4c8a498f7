"""Drawing, without noise: all light is there, and nothing depends on where an image begins."""

import galsim
import numpy as np
import pytest
from numpy.typing import NDArray

from skyclass.simulation.galaxies import draw_galaxies
from skyclass.simulation.painter import Painter, make_shapes
from skyclass.simulation.psf import Psf
from skyclass.simulation.sources import Sources, concatenate_sources
from skyclass.simulation.stars import draw_stars

FWHM, NOISE = 1.2, 0.025
PLAIN = Psf((FWHM, FWHM), 3.5)
WIDE = Psf((FWHM, 1.4), 3.2, 0.1, (0.03, 0.05))


def some_sources() -> Sources:
    rng = np.random.default_rng(1)
    r = np.linspace(15.0, 21.0, 8)
    position = (np.linspace(60.3, 420.8, 8), np.linspace(50.6, 430.2, 8))
    return concatenate_sources(
        draw_galaxies(rng, r, position), draw_stars(rng, np.full(8, 4), r, position)
    )


def draw(
    sources: Sources, which: int, first_row: int, psf: Psf = PLAIN, noise: float = NOISE
) -> NDArray[np.float32]:
    image = np.zeros((500, 500), dtype=np.float32)
    shapes = make_shapes(sources)
    flux = np.zeros(len(sources))
    flux[which] = 10.0
    painter = Painter(psf, noise)
    painter.add_sources(image, shapes, flux, (sources.row, sources.column), first_row)
    return image


@pytest.mark.parametrize("which", range(16))
def test_all_light_is_drawn(which: int) -> None:
    sources = some_sources()
    assert draw(sources, which, 0).sum(dtype=float) == pytest.approx(10.0, rel=0.02)


def test_a_galaxy_is_what_galsim_draws_with_its_own_settings() -> None:
    sources = some_sources().take_first(1)
    sources.row[:], sources.column[:] = 250.0, 250.0
    mine = draw(sources, 0, 0)[200:301, 200:301]
    disc = galsim.Exponential(half_light_radius=sources.disc_radius[0])
    bulge = galsim.DeVaucouleurs(
        half_light_radius=sources.bulge_radius[0], trunc=4.0 * sources.bulge_radius[0]
    )
    part = sources.bulge_fraction[0]
    shear = galsim.Shear(q=sources.axis_ratio[0], beta=sources.angle[0] * galsim.radians)
    galaxy = (disc * (1.0 - part) + bulge * part).shear(shear) * 10.0
    seen = galsim.Convolve(galaxy, galsim.Moffat(beta=3.5, fwhm=FWHM))
    exact = seen.drawImage(nx=101, ny=101, scale=0.396, method="no_pixel").array
    assert np.abs(mine - exact).max() < 0.003 * exact.max()


def test_a_source_is_the_same_in_two_fields() -> None:
    sources = some_sources()
    for which in (0, 12):
        for psf in (PLAIN, WIDE):
            first, second = draw(sources, which, 0, psf), draw(sources, which, 37, psf)
            assert np.array_equal(first[37:], second[:-37])


def test_light_within_the_survey_aperture_is_the_magnitude_under_a_wing() -> None:
    sources = some_sources()
    image = draw(sources, 12, 0, WIDE, noise=NOISE / 100.0)
    y, x = np.indices(image.shape)
    apart = 0.396 * np.hypot(y - sources.row[12], x - sources.column[12])
    assert image[apart < 7.4].sum(dtype=float) == pytest.approx(10.0, rel=0.01)
    assert image.sum(dtype=float) > 10.05


def test_the_noise_area_is_one_over_the_squared_profile() -> None:
    for psf in (PLAIN, WIDE):
        fwhm = psf.compute_fwhm(np.array([300.0]), np.array([1500.0]))
        core = galsim.Moffat(beta=psf.beta, fwhm=fwhm[0]) * (1.0 - psf.wing)
        both = core + galsim.Moffat(beta=2.0, fwhm=3.0 * fwhm[0]) * psf.wing
        stamp = both.drawImage(nx=301, ny=301, scale=0.396, method="no_pixel").array
        assert psf.compute_noise_area(fwhm)[0] == pytest.approx(1.0 / (stamp**2).sum(), rel=0.01)


def test_the_width_changes_smoothly_over_the_field() -> None:
    rows, columns = np.array([64.0, 1425.0, 64.0]), np.array([1024.0, 1024.0, 2048.0])
    fwhm = WIDE.compute_fwhm(rows, columns)
    assert fwhm == pytest.approx([1.2, 1.4, 1.2 * 1.08], rel=0.004)


def test_point_sources_have_the_weight_one_and_wide_galaxies_less() -> None:
    sources = some_sources()
    weight = Painter(PLAIN, NOISE).compute_psf_weights(make_shapes(sources), np.full(16, FWHM))
    assert (weight[8:] == 1.0).all()
    assert (weight[:8] < 0.95).all()
    order = np.argsort(sources.disc_radius[:8] * (1.0 - 0.5 * sources.bulge_fraction[:8]))
    assert weight[order[0]] > weight[order[-1]]
