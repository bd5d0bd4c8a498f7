"""How far an object is from those that a model was trained on, judged by what was measured."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.measurement import Flag, Measurement
from skyclass.photometry import POGSON

__all__ = ["OOD_THRESHOLD", "OodScore"]

OOD_THRESHOLD: Final = 0.95
"""Score above which an object is flagged: 5 % of objects like the training objects are."""

_RIDGE: Final = 0.01
"""Least share of the identity in a correlation matrix."""

_LEAST_DEVIATION: Final = 0.01
"""Added to the standard deviation of each feature, for those that hardly vary."""


class OodScore:
    """Mahalanobis distance to the nearest class, as a share of calibration objects.

    The features are colours, the magnitude in one band, the significance of an object's extent in
    every band, and the number of saturated bands. Each class is a Gaussian distribution of them, in
    the manner of Lee et al. (2018, NeurIPS 31), who take the features of the last layer. Those
    hardly tell a galaxy from a star where a network has learnt spectral classes of stars: what does
    not help to tell classes apart is not kept.

    Parameters
    ----------
    training
        Measurement of objects that the model was trained on, `m` of them.
    label
        Their classes, `[m]`.
    good
        Measurement of objects that count as like them, which nothing was fitted to.
    band
        Number of the band whose magnitude is a feature.

    Examples
    --------
    >>> import skyclass
    >>> from skyclass.models.ood_score import OodScore
    >>> cutouts = skyclass.open_cutouts("cutouts")
    >>> training, test = cutouts["train"], cutouts["test"]
    >>> score = OodScore(training.measurement(), training.label, test.measurement(), band=2)
    >>> bool(score.compute(test.measurement()).max() < 1)
    True
    """

    def __init__(
        self, training: Measurement, label: NDArray[np.int64], good: Measurement, *, band: int
    ) -> None:
        self._band = band
        self._softening = np.nan_to_num(np.nanmedian(training.psf_flux_err, axis=0), nan=1.0)
        features = self._compute_features(training)
        self._unknown = np.nan_to_num(np.nanmedian(features, axis=0))
        features = self._fill(features)
        # a class needs more objects than features to have a shape of its own
        enough = [k for k in np.unique(label) if np.sum(label == k) > features.shape[1]]
        groups = [features[label == k] for k in enough] or [features]
        self._gaussians = [_fit_gaussian(group) for group in groups]
        self._good = np.sort(self._compute_distance(good))

    def compute(self, measurement: Measurement) -> NDArray[np.float64]:
        """Compute the score of objects.

        Parameters
        ----------
        measurement
            Of `n` objects.

        Returns
        -------
        numpy.ndarray
            Share of good objects that are nearer to their class, `[n]`, from 0 to 1.
        """
        distance = self._compute_distance(measurement)
        return np.searchsorted(self._good, distance) / len(self._good)

    def _compute_distance(self, measurement: Measurement) -> NDArray[np.float64]:
        """Compute squared distances to the nearest class, `[n]`."""
        features = self._fill(self._compute_features(measurement))
        squared = [
            np.sum(((features - mean) @ whitening) ** 2, axis=1)
            for mean, whitening in self._gaussians
        ]
        return np.asarray(np.min(squared, axis=0))

    def _compute_features(self, measurement: Measurement) -> NDArray[np.float64]:
        """Compute features, `[n, feature]`; NaN where a quantity is unknown."""
        flux = measurement.psf_flux.astype(np.float64)
        magnitude = -POGSON * np.arcsinh(flux / (2 * self._softening))
        extent = measurement.concentration / np.maximum(measurement.concentration_err, 1e-3)
        saturated = measurement.has(Flag.SATURATED).sum(axis=1, keepdims=True)
        return np.concatenate(
            [
                magnitude[:, :-1] - magnitude[:, 1:],
                magnitude[:, [self._band]],
                np.arcsinh(extent.astype(np.float64)),
                saturated.astype(np.float64),
            ],
            axis=1,
        )

    def _fill(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Replace what is unknown by the median of the training objects."""
        return np.where(np.isfinite(features), features, self._unknown)


def _fit_gaussian(
    features: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit mean `[feature]` and whitening matrix `[feature, feature]` of a class."""
    count, width = features.shape
    covariance = np.cov(features.T)
    deviation = np.sqrt(np.diag(covariance)) + _LEAST_DEVIATION
    scale = np.outer(deviation, deviation)
    # of few objects, correlations are known badly
    ridge = max(_RIDGE, 0.5 * width / (count + width))
    shrunk = ((1 - ridge) * covariance / scale + ridge * np.eye(width)) * scale
    whitening = np.linalg.inv(np.linalg.cholesky(shrunk)).T
    return features.mean(axis=0), np.asarray(whitening)
