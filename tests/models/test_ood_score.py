"""Objects like the training objects are flagged as often as stated; others nearly always."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from skyclass.measurement.measurement import Flag, Measurement
from skyclass.models.ood_score import OOD_THRESHOLD, OodScore

N = 400


def make_stars(colour: float, n: int = N, seed: int = 0) -> Measurement:
    """Point sources of nearly one colour, of any brightness, with errors of 2 %."""
    rng = np.random.default_rng(seed)
    bright = 10 ** rng.uniform(1, 2, (n, 1))
    flux = bright * 10 ** (0.4 * (colour * np.arange(5) + rng.normal(0, 0.05, (n, 5))))
    zero = np.zeros((n, 5), np.float32)
    return Measurement(
        psf_flux=flux.astype(np.float32),
        psf_flux_err=(0.02 * flux).astype(np.float32),
        aperture_flux=flux.astype(np.float32),
        psf_fwhm=zero + 1.3,
        sky_noise=zero + 0.03,
        concentration=rng.normal(0, 0.01, (n, 5)).astype(np.float32),
        concentration_err=zero + 0.01,
        flags=np.zeros((n, 5), np.int32),
    )


def join(one: Measurement, other: Measurement) -> Measurement:
    return Measurement(
        **{name: np.concatenate([value, vars(other)[name]]) for name, value in vars(one).items()}
    )


@pytest.fixture(scope="module")
def score() -> OodScore:
    training = join(make_stars(0.2), make_stars(1.0, seed=1))
    good = join(make_stars(0.2, seed=2), make_stars(1.0, seed=3))
    return OodScore(training, np.repeat([0, 1], N), good, band=2)


def share_flagged(score: OodScore, measured: Measurement) -> float:
    return float(np.mean(score.compute(measured) > OOD_THRESHOLD))


def test_good_objects_are_uniform(score: OodScore) -> None:
    values = score.compute(join(make_stars(0.2, seed=4), make_stars(1.0, seed=5)))
    np.testing.assert_allclose(np.quantile(values, [0.25, 0.5, 0.9]), [0.25, 0.5, 0.9], atol=0.06)
    assert 0 <= values.min() <= values.max() <= 1


def test_strange_objects_are_flagged(score: OodScore) -> None:
    stars = make_stars(0.2, seed=6)
    # between the classes, extended, too bright, saturated, of a colour in one band
    assert share_flagged(score, make_stars(0.6, seed=7)) > 0.99
    extended = replace(stars, concentration=stars.concentration + np.float32(0.2))
    assert share_flagged(score, extended) > 0.99
    assert share_flagged(score, replace(stars, psf_flux=3000 * stars.psf_flux)) > 0.99
    saturated = np.full((N, 5), int(Flag.SATURATED), np.int32)
    assert share_flagged(score, replace(stars, flags=saturated)) > 0.99
    trail = stars.psf_flux * np.array([1, 1, 2, 1, 1], np.float32)
    assert share_flagged(score, replace(stars, psf_flux=trail)) > 0.99
    # what is unknown makes no object strange
    lost = replace(stars, concentration=np.full((N, 5), np.nan, np.float32))
    assert share_flagged(score, lost) < 0.1


def test_distances_are_those_of_mahalanobis() -> None:
    training = make_stars(0.5, 5000)
    score = OodScore(training, np.zeros(5000, np.int64), training, band=2)
    features = score._fill(score._compute_features(training))
    inverse = np.linalg.inv(np.cov(features.T) + np.diag([0] * 10 + [1e-4]))
    mean = features.mean(axis=0)
    expected = [mahalanobis(each, mean, inverse) ** 2 for each in features[:50]]
    np.testing.assert_allclose(score._compute_distance(training)[:50], expected, rtol=0.2)
