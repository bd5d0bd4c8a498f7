"""Networks, the catalogue-colour baseline, and saved classifiers."""

from skyclass.models.baseline import (
    baseline_features,
    baseline_probabilities,
    catalog_concentration,
    catalog_magnitudes,
)
from skyclass.models.classifier import Classifier, ModelSpec, load, save
from skyclass.models.registry import check_model, create_network, networks

__all__ = [
    "Classifier",
    "ModelSpec",
    "baseline_features",
    "baseline_probabilities",
    "catalog_concentration",
    "catalog_magnitudes",
    "check_model",
    "create_network",
    "load",
    "networks",
    "save",
]
