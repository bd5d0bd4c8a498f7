"""Data loading, the Lightning module and the training itself."""

from skyclass.training.rate import find_learning_rate
from skyclass.training.train import check_training, train

__all__ = ["check_training", "find_learning_rate", "train"]
