"""A grid of experiments and its comparison."""

from skyclass.study.plan import StudyConfig, read_study, shipped_studies
from skyclass.study.report import is_study, write_study_report
from skyclass.study.run import SCALE, StudyResult, run_study

__all__ = [
    "SCALE",
    "StudyConfig",
    "StudyResult",
    "is_study",
    "read_study",
    "run_study",
    "shipped_studies",
    "write_study_report",
]
