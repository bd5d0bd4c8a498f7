"""A map on which objects lie near each other that look alike to the model."""

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
"""Objects that a map needs at least."""

_COMPONENTS: Final = 50
_NEIGHBOURS: Final = 20
_FEW: Final = 500


@dataclass(frozen=True)
class FeatureMap:
    """Where objects lie on the map."""

    places: NDArray[np.float64]
    """`[n, 2]`, without unit."""
    outliers: NDArray[np.int64]
    """Rows of the objects that are least like any others, the oddest first."""


def embed(material: ReportData, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Give what the model's last layer sees of some objects.

    Parameters
    ----------
    material
        The experiment.
    rows
        Objects, `[n]`.

    Returns
    -------
    numpy.ndarray
        `[n, feature]`, the mean over the samples of an object where there are several.
    """
    offsets, step = material.cutouts.offsets(), material.classifier.batch_size
    parts = [
        _features(
            material.classifier,
            material.cutouts.take(part),
            offsets[part],
            None if material.columns is None else material.columns[part],
        )
        for part in np.split(rows, range(step, len(rows), step))
    ]
    return np.concatenate(parts)


def make_feature_map(features: NDArray[np.float32], *, outliers: int = 8) -> FeatureMap:
    """Lay objects out on a plane by t-SNE, and name those that are least like any others.

    Outliers are told in the features, not on the map, which tears distances apart.

    Parameters
    ----------
    features
        `[n, feature]`, of `FEWEST` objects or more.
    outliers
        Number of outliers.

    Returns
    -------
    FeatureMap
        The same each time on one machine.

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
    # a few objects are done before several threads have waited for each other
    with threadpool_limits(1 if len(reduced) < _FEW else None):
        places = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(reduced)
    odd = np.argsort(factor, kind="stable")[:outliers]
    return FeatureMap(places.astype(np.float64), odd)


@torch.inference_mode()
def _features(
    classifier: Classifier,
    flux: NDArray[np.float32],
    offset: NDArray[np.float32],
    columns: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Give the features that the head sees of one batch."""
    classifier.eval()
    told = None if columns is None else torch.from_numpy(columns)
    found = classifier.embed(torch.from_numpy(flux), torch.from_numpy(offset), columns=told)
    together = found.reshape(-1, classifier.samples, found.shape[-1])
    features: NDArray[np.float32] = together.mean(dim=1).float().numpy()
    return features
