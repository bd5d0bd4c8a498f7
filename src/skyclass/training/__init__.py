"""Data loading, the Lightning module and the training itself."""

from skyclass.training.train import train

__all__ = ["train"]
