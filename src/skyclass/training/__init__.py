"""Data loading, the Lightning module, the training itself, and the search for its settings."""

from skyclass.training.objects import check_objects
from skyclass.training.rate import RateTest, draw_rates, find_learning_rate
from skyclass.training.search import Found, search
from skyclass.training.train import check_training, train

__all__ = [
    "Found",
    "RateTest",
    "check_objects",
    "check_training",
    "draw_rates",
    "find_learning_rate",
    "search",
    "train",
]
