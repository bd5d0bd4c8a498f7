"""Labels of whole tables: the tasks that come with the package, and those of one's own."""

from pathlib import Path

import pandas as pd
import pytest

from skyclass.errors import TaskError
from skyclass.tasks.registry import TASKS, get_task, register
from skyclass.tasks.task import Labels, Task

M_SUBTYPES = """
name = "m-subtypes"
column = "subclass"
ordered = true

[classes]
early = ["M0*", "M1*"]
late = ["M?*"]
"""


def written(labels: Labels) -> list[str]:
    return labels.label.astype(object).fillna("-").tolist()


def test_labels_and_reasons() -> None:
    table = pd.DataFrame(
        {
            "class": ["STAR", "STAR ", "QSO", None, "STAR", "STAR"],
            "subclass": ["F9", "M3III (1)", "BROADLINE", "F9", None, "F9?"],
        }
    )
    labels = get_task("spectral-class").label(table)
    assert written(labels) == ["F", "M", "-", "-", "-", "-"]
    assert labels.reason.tolist()[2:] == [
        "class is not STAR",
        "class is not STAR",
        "no subclass",
        "unknown subclass",
    ]
    assert labels.notes.unknown == {"F9?": 1}


def test_main_sequence_asks_for_dwarf_templates() -> None:
    table = pd.DataFrame({"subclass": ["M3III (1)", "M3V (2)", "M3", "B2IV-V (3)", "G2IV (4)"]})
    strict = get_task("spectral-class", template_luminosity="main-sequence").label(table)
    assert written(strict) == ["-", "M", "M", "B", "-"]
    assert strict.notes.template_luminosity["M"] == {"any": 3, "main-sequence": 2}


def test_object_type_whatever_the_case_and_padding() -> None:
    table = pd.DataFrame({"class": ["STAR", "galaxy", "QSO   ", "", None, "UNKNOWN"]})
    labels = get_task("object-type").label(table)
    assert written(labels) == ["star", "galaxy", "quasar", "-", "-", "-"]
    assert labels.reason.tolist()[3:] == ["no class", "no class", "unknown class"]


def test_task_file_takes_the_first_class_that_fits(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(M_SUBTYPES)
    task = get_task(str(path))
    labels = task.label(pd.DataFrame({"subclass": ["M0V", "M3", "M1 (x)", "K7", ""]}))
    assert (task.classes, task.ordered) == (("early", "late"), True)
    assert written(labels) == ["early", "late", "early", "-", "-"]
    assert labels.reason.tolist()[3:] == ["subclass of no class", "no subclass"]


def test_a_registered_task_is_known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def label(table: pd.DataFrame) -> Labels:
        named = table["u"].gt(20).map({True: "faint", False: "bright"})
        return Labels(named, pd.Series(None, index=table.index, dtype="string"))

    monkeypatch.setattr("skyclass.tasks.registry.TASKS", dict(TASKS))
    task = Task("brightness", ("bright", "faint"), ("u",), label, ordered=True, extended=False)
    assert register(task) is get_task("brightness")
    with pytest.raises(TaskError, match="task 'brightness' exists already"):
        register(Task("brightness", ("a", "b"), ("u",), label, ordered=True, extended=False))


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


@pytest.mark.parametrize(
    ("name", "luminosity", "message"),
    [
        ("spectral-clas", "any", "did you mean 'spectral-class'"),
        ("spectral-class", "giants", "unknown template_luminosity 'giants'"),
        ("object-type", "main-sequence", "applies to spectral-class"),
        ("nowhere.toml", "any", "task file nowhere.toml does not exist"),
    ],
)
def test_unknown_names(name: str, luminosity: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        get_task(name, template_luminosity=luminosity)
