"""Honest evaluation: scores with intervals, the table of predictions, and the report."""

from skyclass.evaluation.calibration import (
    ReliabilityBin,
    reliability,
    reliability_table,
    uncalibrated,
)
from skyclass.evaluation.compare import Comparison, compare, comparison_lines
from skyclass.evaluation.conditions import crowding_radius, measure_conditions
from skyclass.evaluation.conformal import conformal, prediction_sets
from skyclass.evaluation.figures import write_figures
from skyclass.evaluation.intervals import wilson_interval
from skyclass.evaluation.metrics import PER_CLASS, SCORES, adjacent_accuracy, score
from skyclass.evaluation.paired import PairedDifference, paired_difference
from skyclass.evaluation.predictions import (
    groups_of,
    predictions_of,
    predictions_table,
    read_predictions,
    write_predictions,
)
from skyclass.evaluation.prior import parse_prior, reweight, reweighted
from skyclass.evaluation.report import write_report
from skyclass.evaluation.strata import CONDITIONS, scores_by_condition

__all__ = [
    "CONDITIONS",
    "PER_CLASS",
    "SCORES",
    "Comparison",
    "PairedDifference",
    "ReliabilityBin",
    "adjacent_accuracy",
    "compare",
    "comparison_lines",
    "conformal",
    "crowding_radius",
    "groups_of",
    "measure_conditions",
    "paired_difference",
    "parse_prior",
    "prediction_sets",
    "predictions_of",
    "predictions_table",
    "read_predictions",
    "reliability",
    "reliability_table",
    "reweight",
    "reweighted",
    "score",
    "scores_by_condition",
    "uncalibrated",
    "wilson_interval",
    "write_figures",
    "write_predictions",
    "write_report",
]
