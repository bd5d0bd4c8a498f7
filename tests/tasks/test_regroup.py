"""Classes merged and left out."""

import pandas as pd
import pytest

from catalog.tables import tidy_stars
from skyclass.catalog.build_catalog import build_catalog
from skyclass.catalog.cleaning_report import format_report
from skyclass.config.sections import LabelConfig
from skyclass.errors import TaskError
from skyclass.tasks.registry import get_task
from skyclass.tasks.regroup import regroup

STARS = get_task("spectral-class")


def test_rows_get_the_new_names() -> None:
    task = regroup(STARS, {"early": ("B", "O"), "M": ("K", "M")}, ("G",))
    assert task.classes == ("early", "A", "F", "M")
    table = pd.DataFrame({"subclass": ["O9", "B2", "A0", "G2", "K5", "M1", "M2", "WD", None]})
    labels = task.label(table)
    assert labels.label.astype("object").where(labels.label.notna(), None).tolist() == [
        *("early", "early", "A", None, "M", "M", "M", None, None)
    ]
    old = STARS.label(table)
    assert labels.reason[3] == "class G is dropped"
    assert labels.reason[7] == old.reason[7]
    assert labels.reason[[0, 1, 2, 4, 5, 6]].isna().all()
    assert labels.notes.merged == {"early": {"B": 1, "O": 1}, "M": {"K": 1, "M": 2}}


def test_the_catalogue_counts_them() -> None:
    table = tidy_stars(200)
    plain = build_catalog(table, "spectral-class").report.classes
    rules = LabelConfig(merge={"cool": ("K", "M")}, drop=("A",))
    report = build_catalog(table, "spectral-class", labels=rules).report
    assert report.dropped["class A is dropped"] == plain["A"] > 0
    assert report.classes["cool"] == plain["K"] + plain["M"]
    assert "A" not in report.classes
    line = f"class cool is K {plain['K']} + M {plain['M']}, of all rows read"
    assert line in format_report(report)


@pytest.mark.parametrize(
    ("merge", "drop", "message"),
    [
        ({"x": ("Q",)}, (), "no class 'Q' to merge or drop"),
        ({"x": ("A", "B")}, ("A",), "name class 'A' more than once"),
        ({"x": ("A",), "y": ("A",)}, (), "more than once"),
        ({"x": ()}, (), "no class is merged into 'x'"),
        ({"G": ("A", "F")}, (), "class 'G' exists already"),
        ({"all": tuple("OBAFGKM")}, (), "fewer than two classes"),
    ],
)
def test_invalid_groups(merge, drop, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        regroup(STARS, merge, drop)
