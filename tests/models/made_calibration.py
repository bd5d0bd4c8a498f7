"""Calibration objects made up for tests: sure answers, some of them wrong."""

import numpy as np

from models.made_measurement import make_measurement
from skyclass.models.calibration_objects import CalibrationObjects


def make_calibration(classes: int = 3, n: int = 60, seed: int = 1) -> CalibrationObjects:
    """Objects of all classes; one in ten is taken for the next class."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % classes
    shown = np.where(rng.random(n) < 0.1, (label + 1) % classes, label)
    logits = rng.normal(0, 0.5, (n, classes)) + 4 * np.eye(classes)[shown]
    shares = np.exp(logits)
    measured, training = make_measurement(n, seed), make_measurement(2 * n, seed + 1)
    return CalibrationObjects(
        split="calibration",
        label=label,
        probabilities=shares / shares.sum(axis=1, keepdims=True),
        magnitude=rng.uniform(15, 21, n),
        measured=measured,
        training=training,
        training_label=np.arange(2 * n) % classes,
    )
