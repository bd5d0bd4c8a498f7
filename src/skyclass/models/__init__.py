"""Networks, the catalogue-colour baseline, and saved classifiers."""

from skyclass.models.baseline import (
    baseline_features,
    baseline_probabilities,
    catalog_concentration,
    catalog_magnitudes,
)
from skyclass.models.check import check_network
from skyclass.models.classifier import Classifier
from skyclass.models.columns import (
    check_columns,
    measured_columns,
    read_columns,
    rows_of,
    write_columns,
)
from skyclass.models.hub import find_model, pull, push
from skyclass.models.nearest import nearest_probabilities
from skyclass.models.presets import with_preset
from skyclass.models.registry import check_model, create_network, networks
from skyclass.models.saved import load, save
from skyclass.models.spec import ModelSpec, spec_of
from skyclass.models.start import start

__all__ = [
    "Classifier",
    "ModelSpec",
    "baseline_features",
    "baseline_probabilities",
    "catalog_concentration",
    "catalog_magnitudes",
    "check_columns",
    "check_model",
    "check_network",
    "create_network",
    "find_model",
    "load",
    "measured_columns",
    "nearest_probabilities",
    "networks",
    "pull",
    "push",
    "read_columns",
    "rows_of",
    "save",
    "spec_of",
    "start",
    "with_preset",
    "write_columns",
]
