"""Labels of the strings that the real table holds."""

import pandas as pd
import pytest

from skyclass.errors import TaskError
from skyclass.tasks import get_task, spectral_class


@pytest.mark.parametrize(
    ("subclass", "expected"),
    [
        ("F9", "F"),
        ("F3/F5V (30743)", "F"),
        ("M4.5:III (123657)", "M"),
        ("K5Ve (118100)", "K"),
        ("A0p", "A"),
        ("O", "O"),
        ("O8e (188001)", "O"),
        ("OB", None),
        ("CV", None),
        ("Carbon_lines", None),
        ("CalciumWD", None),
        ("WDhotter", None),
        ("sd:F0 (G_84-29)", None),
        ("sdF3 (140283)", None),
        ("L5.5 (2MASSJ1507)", None),
        ("T2", None),
        ("", None),
        (None, None),
    ],
)
def test_spectral_class(subclass: str | None, expected: str | None) -> None:
    found = spectral_class(pd.Series([subclass], dtype="object")).iloc[0]
    assert (None if pd.isna(found) else found) == expected


def test_unknown_task_names_the_nearest() -> None:
    with pytest.raises(TaskError, match="did you mean 'spectral-class'"):
        get_task("spectral-clas")
