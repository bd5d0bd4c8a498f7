"""The page on how the package is built says where to find things; they are there."""

import importlib
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
ROW = re.compile(r"^\| (.+?) \| `([\w/]+)\.py` \| `(\w+)` \|$", re.MULTILINE)


def test_each_behaviour_is_where_the_page_says() -> None:
    rows = ROW.findall(PAGE.read_text())
    assert len(rows) >= 40
    assert len({behaviour for behaviour, _, _ in rows}) == len(rows)
    absent = []
    for _, path, name in rows:
        module = f"skyclass.{path.replace('/', '.')}"
        found = getattr(importlib.import_module(module), name, None)
        if getattr(found, "__module__", None) != module:
            absent.append(f"{module}.{name}")
    assert not absent


def test_every_row_of_the_table_is_understood() -> None:
    table = PAGE.read_text().split("## Where to find it")[1]
    assert len(ROW.findall(table)) == len(re.findall(r"^\| .*\.py", table, re.MULTILINE))
