"""Train the model of a prepared experiment, unless it is up to date."""

import tempfile
from dataclasses import replace
from pathlib import Path

from skyclass.config.sections import Experiment
from skyclass.config.training_sections import AugmentationConfig
from skyclass.models.classifier import Classifier
from skyclass.models.measurement_network import MEASUREMENT
from skyclass.models.saved_model import load_model
from skyclass.pipeline.add_calibration import add_calibration
from skyclass.pipeline.prepared_experiment import PreparedExperiment
from skyclass.progress import Progress
from skyclass.training.train_classifier import train_classifier

__all__ = ["train_measurement_model", "train_model"]

_STAGE = "model"


def train_model(prepared: PreparedExperiment, progress: Progress) -> Classifier:
    """Train the model of an experiment, or load it if it is up to date.

    Parameters
    ----------
    prepared
        Experiment.
    progress
        Called with the stage, validations done, most validations, and the figures.

    Returns
    -------
    skyclass.models.classifier.Classifier
        Trained model, its calibration objects beside it (`add_calibration`).

    Raises
    ------
    TrainingError
        If the training fails.
    """
    workspace, config = prepared.workspace, prepared.config
    mark = prepared.model_mark
    if workspace.model.exists() and workspace.is_done(_STAGE, mark):
        classifier = load_model(workspace.model)
        add_calibration(prepared, classifier)
        return classifier
    classifier = train_classifier(
        workspace.cutouts,
        prepared.spec,
        config.training,
        workspace.model,
        augmentation=config.augmentation,
        seed=prepared.seed,
        logs=workspace.logs,
        cache=prepared.objects.cache,
        progress=progress,
    )
    workspace.mark_done(_STAGE, mark)
    add_calibration(prepared, classifier)
    return classifier


def train_measurement_model(prepared: PreparedExperiment) -> Classifier | None:
    """Train the model of an experiment without its picture, on the measurement alone.

    Without changes of the fluxes at random this takes seconds: the features are computed once.

    Parameters
    ----------
    prepared
        Experiment.

    Returns
    -------
    skyclass.models.classifier.Classifier or None
        Trained model, which is not kept; None if the model of the experiment is told no
        measurement, or looks at nothing else.
    """
    spec, config, workspace = prepared.spec, prepared.config, prepared.workspace
    if not spec.measured or spec.network == MEASUREMENT:
        return None
    # its only layers are those of the head
    alone = replace(spec, network=MEASUREMENT, weights=None, frozen=True, head=())
    with tempfile.TemporaryDirectory(dir=workspace.root) as folder:
        return train_classifier(
            workspace.cutouts,
            alone,
            config.training.model_copy(update={"compile": False, "devices": 1, "nodes": 1}),
            Path(folder) / workspace.model.name,
            augmentation=_select_changes(config),
            seed=prepared.seed,
            cache=prepared.objects.cache,
            onnx=False,
        )


def _select_changes(config: Experiment) -> AugmentationConfig:
    """Select the changes that reach the measurement; objects are only repeated if changed."""
    if config.training.imbalance == "oversample":
        return config.augmentation
    return config.augmentation.model_copy(update={"turn": False, "rotate": False, "shift": 0.0})
