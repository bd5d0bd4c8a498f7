"""Tasks in TOML files."""

from pathlib import Path

import pandas as pd
import pytest

from skyclass.errors import TaskError
from skyclass.tasks.registry import get_task

M_SUBTYPES = """
name = "m-subtypes"
column = "subclass"
ordered = true

[classes]
early = ["M0*", "M1*"]
late = ["M?*"]
"""


def test_task_file_takes_the_first_class_that_fits(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(M_SUBTYPES)
    task = get_task(str(path))
    labels = task.label(pd.DataFrame({"subclass": ["M0V", "M3", "M1 (x)", "K7", ""]}))
    assert (task.classes, task.ordered) == (("early", "late"), True)
    assert labels.label.astype(object).fillna("-").tolist() == ["early", "late", "early", "-", "-"]
    assert labels.reason.tolist()[3:] == ["subclass of no class", "no subclass"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[classes]", "[clases]"), "classes: field required"),
        (('"m-subtypes"', '"M/../x"'), "name: "),
        (("ordered = true", "ordered = "), "is not a TOML file"),
        (('late = ["M?*"]', ""), "classes: "),
    ],
)
def test_bad_task_files(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(M_SUBTYPES.replace(*change))
    with pytest.raises(TaskError, match=message):
        get_task(str(path))
