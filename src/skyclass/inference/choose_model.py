"""Choose the model that classifies: the one that is named, or the bundled one of a task."""

from typing import Final

from skyclass.errors import InferenceError, nearest
from skyclass.files import AnyPath

__all__ = ["BUNDLED_MODELS", "choose_model"]

BUNDLED_MODELS: Final = {"spectral-class": "stars", "object-type": "objects"}
"""Names of the models that come with skyclass, by task; the first is the default."""


def choose_model(model: AnyPath | None, task: str | None) -> AnyPath:
    """Choose the model that classifies.

    Parameters
    ----------
    model
        Folder or name of a model, or None.
    task
        Name of a task, or None.

    Returns
    -------
    str or path
        `model` if there is one, else the name of the bundled model of `task`, or of the first task
        that has one.

    Raises
    ------
    InferenceError
        If both are named, or there is no bundled model of the task.

    Examples
    --------
    >>> choose_model(None, "object-type")
    'objects'
    """
    if model is not None and task is not None:
        raise InferenceError("model and task exclude each other: a model has its own task")
    if model is not None:
        return model
    task = task or next(iter(BUNDLED_MODELS))
    if task not in BUNDLED_MODELS:
        raise InferenceError(
            f"no model of task {task!r} comes with skyclass; did you mean"
            f" {nearest(task, BUNDLED_MODELS)!r}? (a model of your own is named by model)"
        )
    return BUNDLED_MODELS[task]
