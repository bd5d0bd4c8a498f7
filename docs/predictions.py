"""Write the page of the columns of `predictions.parquet`, from the constant that names them.

Usage: python docs/predictions.py      (writes docs/predictions.md)
"""

from pathlib import Path

from skyclass.evaluation.predictions import PREDICTION_COLUMNS, PredictionColumn

HEAD = """# The table of predictions

`predictions.parquet` has a row per test object, in the order of the stored cutouts. All scores can
be computed from it again. Columns without a star are missing where they do not apply; what is
measured on cutouts is NaN for pictures that an archive has drawn. (`python docs/predictions.py`
makes this page.)

| column | type | unit | meaning |
|---|---|---|---|
"""


def page() -> str:
    """Write the page."""
    return HEAD + "".join(row(column) for column in PREDICTION_COLUMNS)


def row(column: PredictionColumn) -> str:
    """Write the row of one column."""
    name = f"`{column.name}`" + ("\\*" if column.required else "")
    cells = (name, column.dtype, column.unit, column.meaning.replace("|", "\\|"))
    return "| " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
