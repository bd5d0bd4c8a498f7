"""The page on what can be classified: its Python runs, and says what is so."""

import re
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).parents[2] / "docs/classify.md"


def test_the_blocks_run_one_after_the_other() -> None:
    names: dict[str, Any] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        exec(block, names)
    np.testing.assert_array_equal(names["named"]["class"], names["same"]["class"])
    assert (names["named"]["reason"] == "").all()
    assert names["named"]["name"].tolist() == ["a", "b", "c", "d"]
    assert len(names["near"]) > 1
    np.testing.assert_allclose(
        names["turned"]["probability"], names["table"]["probability"], atol=1e-4
    )
