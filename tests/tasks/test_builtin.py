"""Labels of whole tables by the tasks that come with the package."""

import pandas as pd

from skyclass.tasks.registry import get_task
from skyclass.tasks.task import Labels


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
