"""Train the model of a prepared experiment, unless it is up to date."""

from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import load_model
from skyclass.pipeline.prepared_experiment import PreparedExperiment
from skyclass.progress import Progress
from skyclass.training.train_classifier import train_classifier

__all__ = ["train_model"]

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
        Trained model.

    Raises
    ------
    TrainingError
        If the training fails.
    """
    workspace, config = prepared.workspace, prepared.config
    mark = prepared.model_mark
    if workspace.model.exists() and workspace.is_done(_STAGE, mark):
        return load_model(workspace.model)
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
    return classifier
