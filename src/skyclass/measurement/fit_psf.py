"""Fit the PSF of a frame to its stars."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.moments import Moments, measure_moments
from skyclass.measurement.psf_model import (
    NORM_RADIUS,
    PROFILE_RADII,
    SEEING,
    USUAL_FWHM,
    PsfModel,
    compute_moffat,
    convert_to_fwhm,
    list_terms,
    make_moffat_psf,
    make_psf,
)
from skyclass.measurement.sky_level import Sky
from skyclass.measurement.stamps import Stamps, cut_stamps

__all__ = ["fit_psf"]

_SIGNAL_TO_NOISE: Final = 30.0
"""Least ratio of the flux of a star to its error."""

_MOST_STARS: Final = 80
"""The brightest are enough."""

_FEWEST: Final = {1: 3, 3: 9, 6: 30}
"""Stars that polynomials of so many terms need."""

_CORE: Final = 3.0
"""Half side in arcsec of the square in which moments and fluxes of stars are measured."""

_EDGES: Final = np.concatenate([np.arange(0.0, 3.0, 0.5), np.geomspace(3.0, 40.0, 16)])
"""Rings in which the profile is measured, in standard deviations of the PSF."""

_FLOORS: Final = (0.005, 0.05)
"""Least and greatest share of a flux that a PSF from stars is trusted to."""

_ONE_STAR: Final = 0.04
"""Share of a flux that a PSF from one star would be trusted to; it falls with their square root."""


@dataclass(frozen=True, eq=False)
class _Stars:
    """Stars that show the PSF."""

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    stamps: Stamps
    moments: Moments


def fit_psf(
    image: NDArray[np.float32],
    sky: Sky,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    *,
    gain: float,
    pixel_scale: float,
) -> PsfModel:
    """Fit the PSF to isolated stars.

    Size and shape are those of the stars' adaptive moments, a polynomial over the frame of an order
    that their number allows; the profile is the mean of all stars at equal elliptical radius.

    Parameters
    ----------
    image
        Nanomaggies, `[y, x]`.
    sky
        Of the image.
    y, x
        Positions of stars that are isolated and not saturated, `[n]`; those too faint are left out.
    gain
        Electrons of one nanomaggy; infinite where not known.
    pixel_scale
        Arcsec per pixel.

    Returns
    -------
    PsfModel
        Marked as poor where no three stars of one width show it; it is then a Moffat profile, as
        wide as the narrowest star, or as usual where there is none.
    """
    norm_radius = NORM_RADIUS / pixel_scale
    stars = _select_stars(image, sky, y, x, pixel_scale)
    if len(stars.y) < _FEWEST[1]:
        return make_moffat_psf(_guess_width(stars, pixel_scale), image.shape, norm_radius)
    shape, kept = _fit_shape(stars, image.shape)
    if kept.sum() < _FEWEST[1]:
        return make_moffat_psf(_guess_width(stars, pixel_scale), image.shape, norm_radius)
    stars = _take(stars, kept)
    reference = make_psf(
        compute_moffat(PROFILE_RADII), shape, image.shape, norm_radius, floor=0.0, poor=False
    )
    profile, floor = _fit_profile(stars, reference, sky.noise, gain, norm_radius)
    return make_psf(profile, shape, image.shape, norm_radius, floor=floor, poor=False)


def _select_stars(
    image: NDArray[np.float32],
    sky: Sky,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    pixel_scale: float,
) -> _Stars:
    """Select the brightest stars whose moments can be measured."""
    core = sky.subtract(cut_stamps(image, y, x, 3), y, x)
    light = core.pixels.sum(axis=(1, 2))
    # light in 7 x 7 pixels against the noise of as many
    usable = core.valid.all(axis=(1, 2)) & (light > _SIGNAL_TO_NOISE * 7.0 * sky.noise)
    chosen = np.flatnonzero(usable)
    chosen = chosen[np.argsort(-light[chosen], kind="stable")][:_MOST_STARS]
    y, x = y[chosen], x[chosen]
    stamps = cut_stamps(image, y, x, int(np.ceil(NORM_RADIUS / pixel_scale)))
    stamps = sky.subtract(stamps, y, x)
    moments = measure_moments(_crop(stamps, int(np.ceil(_CORE / pixel_scale))))
    return _take(_Stars(y, x, stamps, moments), np.isfinite(moments.area))


def _guess_width(stars: _Stars, pixel_scale: float) -> float:
    """Guess the FWHM of the PSF in pixels: that of the narrowest star, if not below SEEING."""
    if not len(stars.y):
        return USUAL_FWHM / pixel_scale
    narrowest = float(convert_to_fwhm(stars.moments.area).min())
    # what is narrower is a cosmic ray or a hot pixel; nothing says how wide a night's PSF can be
    return max(narrowest, SEEING[0] / pixel_scale)


def _crop(stamps: Stamps, half: int) -> Stamps:
    """Crop stamps about their middle."""
    middle = stamps.pixels.shape[1] // 2
    part = slice(middle - half, middle + half + 1)
    return Stamps(
        stamps.pixels[:, part, part],
        stamps.valid[:, part, part],
        stamps.dy[:, part],
        stamps.dx[:, part],
    )


def _take(stars: _Stars, rows: NDArray[np.bool_]) -> _Stars:
    """Select stars."""
    s, m = stars.stamps, stars.moments
    return _Stars(
        stars.y[rows],
        stars.x[rows],
        Stamps(s.pixels[rows], s.valid[rows], s.dy[rows], s.dx[rows]),
        Moments(m.y[rows], m.x[rows], m.area[rows], m.ellipticity[rows]),
    )


def _fit_shape(
    stars: _Stars, frame: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Fit polynomials to log area and ellipticities, and tell which stars follow them."""
    log_area = np.log(stars.moments.area)
    values = np.column_stack([log_area, stars.moments.ellipticity])
    kept = np.abs(log_area - _find_mode(log_area)) < _SPREAD
    shape = np.zeros((1, 3))
    if kept.sum() < _FEWEST[1]:
        return shape, kept
    for _ in range(4):
        count = max((n for n, least in _FEWEST.items() if kept.sum() >= least), default=1)
        terms = list_terms(stars.y, stars.x, frame, count)
        shape = np.linalg.lstsq(terms[kept], values[kept], rcond=None)[0]
        residual = np.abs(values - terms @ shape)
        limit = 4.0 * 1.4826 * np.median(residual[kept], axis=0) + 0.02
        within = (residual < limit).all(axis=1) & (np.abs(log_area - terms @ shape[:, 0]) < _SPREAD)
        if within.sum() < _FEWEST[1] or (within == kept).all():
            break
        kept = within
    return shape, kept


_SPREAD: Final = 0.3
"""By how much the log area of stars differs from the most frequent one."""


def _find_mode(values: NDArray[np.float64]) -> float:
    """Find the middle of the narrowest range that holds a third of some values."""
    ordered = np.sort(values)
    count = max(2, len(ordered) // 3)
    width = ordered[count - 1 :] - ordered[: len(ordered) - count + 1]
    start = int(width.argmin())
    return float(np.median(ordered[start : start + count]))


def _fit_profile(
    stars: _Stars, reference: PsfModel, noise: float, gain: float, norm_radius: float
) -> tuple[NDArray[np.float64], float]:
    """Measure the mean profile of stars, and how far single stars deviate from it."""
    dy = stars.stamps.dy - stars.moments.y[:, None]
    dx = stars.stamps.dx - stars.moments.x[:, None]
    distance = np.hypot(dy[:, :, None], dx[:, None, :])
    valid = stars.stamps.valid & (distance < norm_radius)
    core = valid & (distance < _CORE / NORM_RADIUS * norm_radius)
    model, light = reference, stars.stamps.pixels
    profile, fitted = reference.profile.astype(np.float64), np.ones(len(light))
    for _ in range(3):
        psf = model.evaluate(stars.y, stars.x, dy, dx)
        fitted = _sum(core, psf, light) / _sum(core, psf, psf)
        expected = psf * fitted[:, None, None]
        variance = noise**2 + expected.clip(0) / gain + (_TRUST * expected) ** 2
        radius, _ = model.compute_radius(stars.y, stars.x, dy, dx)
        profile = profile * _fit_ratio(
            radius[valid], light[valid], expected[valid], variance[valid]
        )
        model = make_psf(
            profile, reference.shape, reference.frame, norm_radius, floor=0.0, poor=False
        )
        profile = model.profile.astype(np.float64)
    aperture = _sum(core, light, np.ones_like(psf)) / _sum(core, psf, np.ones_like(psf))
    # how far the fluxes of the brightest stars, which come first, are off, less what noise explains
    bright = slice(max(len(light) // 3, _FEWEST[1]))
    ratio = (fitted / aperture)[bright]
    scatter = 1.4826 * np.median(np.abs(ratio - np.median(ratio)))
    explained = np.median((noise * np.sqrt(core.sum(axis=(1, 2))) / aperture)[bright])
    deviation = np.sqrt(max(scatter**2 - explained**2, 0.0))
    deviation = max(deviation, _ONE_STAR / np.sqrt(len(light)))
    return profile, float(np.clip(deviation, *_FLOORS))


_TRUST: Final = 0.03
"""Share of the light in a pixel that a single star is trusted to, so that no star decides alone."""


def _fit_ratio(
    radius: NDArray[np.float32],
    light: NDArray[np.float32],
    expected: NDArray[np.floating],
    variance: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Fit the ratio of light to expectation in rings, without outliers, and interpolate it."""
    ring = np.digitize(radius, _EDGES) - 1
    count = len(_EDGES)
    kept = np.ones(len(ring), dtype=bool)
    ratio = np.ones(count)
    for _ in range(3):
        weight = np.where(kept, expected / variance, 0.0)
        power = np.bincount(ring, weight * expected, count)
        known = power > _KNOWN
        ratio = np.where(known, np.bincount(ring, weight * light, count), 1.0)
        ratio /= np.where(known, power, 1.0)
        kept = np.abs(light - ratio[ring] * expected) < 4.0 * np.sqrt(variance)
    middle = np.bincount(ring, radius, count) / np.maximum(np.bincount(ring, minlength=count), 1)
    use = known & (middle > 0)
    ratio = ratio.clip(0.1, 10.0)
    return np.asarray(np.interp(PROFILE_RADII, middle[use], ratio[use]))


_KNOWN: Final = 100.0
"""Square of the signal to noise of a ring's light of which the profile is corrected."""


def _sum(
    mask: NDArray[np.bool_], a: NDArray[np.floating], b: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Sum products over the pixels of each stamp."""
    total: NDArray[np.float64] = np.einsum("nyx,nyx,nyx->n", mask, a, b, dtype=np.float64)
    return total
