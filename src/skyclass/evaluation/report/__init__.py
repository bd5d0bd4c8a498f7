"""The report of an experiment: one HTML file that needs nothing else."""

from skyclass.evaluation.report.page import write_report

__all__ = ["write_report"]
