"""A map on which objects that look alike to the model lie near each other."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import LocalOutlierFactor
from threadpoolctl import threadpool_limits

from skyclass.evaluation.report.report_data import ReportData
from skyclass.models.classifier import Classifier

__all__ = ["FEWEST", "FeatureMap", "embed", "make_feature_map"]

FEWEST: Final = 12
"""Least number of objects for a map."""

_COMPONENTS: Final = 50
_NEIGHBOURS: Final = 20
_FEW: Final = 500


@dataclass(frozen=True)
class FeatureMap:
    """Positions of objects on the map."""

    places: NDArray[np.float64]
    """`[n, 2]`, without unit."""
    outliers: NDArray[np.int64]
    """Rows of the objects that are least like any others, the oddest first."""


def embed(data: ReportData, classifier: Classifier, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Compute the input of the model's last layer for some objects.

    Parameters
    ----------
    data
        The experiment.
    classifier
        Its model.
    rows
        Objects, `[n]`.

    Returns
    -------
    numpy.ndarray
        `[n, feature]`, the mean over the samples of an object if there are several.
    """
    offsets, step = data.cutouts.offsets(), classifier.batch_size
    parts = [
        _embed_batch(
            classifier,
            data.cutouts.take(part),
            offsets[part],
            *(None if each is None else each[part] for each in (data.columns, data.measured)),
        )
        for part in np.split(rows, range(step, len(rows), step))
    ]
    return np.concatenate(parts)


def make_feature_map(features: NDArray[np.float32], *, outliers: int = 8) -> FeatureMap:
    """Lay out objects on a plane by t-SNE, and find those that are least like any others.

    Outliers are found in the features, not on the map, which distorts distances.

    Parameters
    ----------
    features
        `[n, feature]`, of `FEWEST` objects or more.
    outliers
        Number of outliers.

    Returns
    -------
    FeatureMap
        Reproducible on one machine.

    References
    ----------
    van der Maaten, L. & Hinton, G. 2008, Journal of Machine Learning Research 9, 2579; Breunig,
    M. M. et al. 2000, LOF: Identifying Density-Based Local Outliers
    (doi:10.1145/342009.335388).
    """
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    components = min(_COMPONENTS, *scaled.shape)
    reduced = PCA(components, random_state=0).fit_transform(scaled)
    neighbours = min(_NEIGHBOURS, len(reduced) - 1)
    factor = LocalOutlierFactor(neighbours).fit(reduced).negative_outlier_factor_
    perplexity = min(30.0, (len(reduced) - 1) / 3)
    # for a few objects, starting several threads takes longer than the work
    with threadpool_limits(1 if len(reduced) < _FEW else None):
        places = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(reduced)
    odd = np.argsort(factor, kind="stable")[:outliers]
    return FeatureMap(places.astype(np.float64), odd)


@torch.inference_mode()
def _embed_batch(
    classifier: Classifier,
    flux: NDArray[np.float32],
    offset: NDArray[np.float32],
    columns: NDArray[np.float32] | None,
    measured: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Compute the features of one batch."""
    classifier.eval()
    features = classifier.embed(
        torch.from_numpy(flux),
        torch.from_numpy(offset),
        columns=None if columns is None else torch.from_numpy(columns),
        measured=None if measured is None else torch.from_numpy(measured),
    )
    by_sample = features.reshape(-1, classifier.samples, features.shape[-1])
    mean: NDArray[np.float32] = by_sample.mean(dim=1).float().numpy()
    return mean
