"""Check that every class has objects to learn from and to validate with."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError
from skyclass.training.sampler import count_epoch_objects
from skyclass.training.steps import compute_steps

__all__ = ["check_class_counts"]


def check_class_counts(
    labels: Sequence[str], codes: Mapping[str, NDArray[np.int64]], config: TrainingConfig
) -> None:
    """Check that the splits suffice for a training.

    Parameters
    ----------
    labels
        Class names.
    codes
        Classes of the objects of the splits `train` and `validation`, `[n]`.
    config
        Settings of the training.

    Raises
    ------
    TrainingError
        If there is only one class, a class has no object in a split, or the training objects do
        not fill a batch.
    """
    if len(labels) < 2:
        raise TrainingError(
            f"all objects are of class {', '.join(labels)}; there is nothing to learn"
        )
    for split in ("train", "validation"):
        counts = np.bincount(codes[split], minlength=len(labels))
        absent = [name for name, n in zip(labels, counts, strict=True) if n == 0]
        if absent:
            raise TrainingError(
                f"the {split} split has no object of class {', '.join(absent)}: take more objects,"
                " or merge or drop the class in [labels]"
            )
    compute_steps(count_epoch_objects(codes["train"], config.imbalance), config)
