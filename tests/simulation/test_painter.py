"""Drawing, without noise: all light is there, and nothing depends on where an image begins."""

import galsim
import numpy as np
import pytest
from numpy.typing import NDArray

from skyclass.simulation.galaxies import draw_galaxies
from skyclass.simulation.painter import Painter, make_shapes
from skyclass.simulation.sources import Sources, concatenate_sources
from skyclass.simulation.stars import draw_stars

FWHM, NOISE = 1.2, 0.025


def some_sources() -> Sources:
    rng = np.random.default_rng(1)
    r = np.linspace(15.0, 21.0, 8)
    position = (np.linspace(60.3, 420.8, 8), np.linspace(50.6, 430.2, 8))
    return concatenate_sources(
        draw_galaxies(rng, r, position), draw_stars(rng, np.full(8, 4), r, position)
    )


def draw(sources: Sources, which: int, first_row: int) -> NDArray[np.float32]:
    image = np.zeros((500, 500), dtype=np.float32)
    shapes = make_shapes(sources)
    flux = np.zeros(len(sources))
    flux[which] = 10.0
    painter = Painter(FWHM, NOISE)
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
        first, second = draw(sources, which, 0), draw(sources, which, 37)
        assert np.array_equal(first[37:], second[:-37])


def test_point_sources_have_the_weight_one_and_wide_galaxies_less() -> None:
    sources = some_sources()
    weight = Painter(FWHM, NOISE).compute_psf_weights(make_shapes(sources))
    assert (weight[8:] == 1.0).all()
    assert (weight[:8] < 0.95).all()
    order = np.argsort(sources.disc_radius[:8] * (1.0 - 0.5 * sources.bulge_fraction[:8]))
    assert weight[order[0]] > weight[order[-1]]
