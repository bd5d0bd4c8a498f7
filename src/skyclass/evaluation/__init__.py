"""Honest evaluation: scores with intervals, the table of predictions, and the report."""

from skyclass.evaluation.metrics import (
    PairedDifference,
    ReliabilityBin,
    adjacent_accuracy,
    paired_difference,
    reliability,
    score,
    wilson_interval,
)
from skyclass.evaluation.predictions import (
    predictions_of,
    predictions_table,
    read_predictions,
    write_predictions,
)
from skyclass.evaluation.report import write_report

__all__ = [
    "PairedDifference",
    "ReliabilityBin",
    "adjacent_accuracy",
    "paired_difference",
    "predictions_of",
    "predictions_table",
    "read_predictions",
    "reliability",
    "score",
    "wilson_interval",
    "write_predictions",
    "write_report",
]
