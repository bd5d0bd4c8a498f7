"""The page of a field: a source is shown enlarged, with its probabilities, below the pointer."""

from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from skyclass.evaluation.class_colours import get_class_colour
from skyclass.evaluation.report.environment import make_environment
from skyclass.evaluation.report.thumbnails import encode_webp
from skyclass.views.classified_table import measure_magnitudes
from skyclass.views.field_view import FieldView

__all__ = ["format_field_page"]

_QUALITY = 85


def format_field_page(view: FieldView) -> str:
    """Format the page of a field.

    Parameters
    ----------
    view
        The field and its sources.

    Returns
    -------
    str
        HTML that needs no other file and no network.
    """
    height, width, _ = view.picture.shape
    counts = view.count_classes()
    names = [*view.labels, *(name for name in counts if name not in view.labels)]
    return (
        make_environment("skyclass.views")
        .get_template("field.html.j2")
        .render(
            name=view.name,
            simulated=view.simulated,
            picture=encode_webp(Image.fromarray(view.picture[::-1].copy()), _QUALITY),
            width=width,
            height=height,
            classes=[
                {"code": code, "name": name, "count": counts[name], "colour": _colour(view, code)}
                for code, name in enumerate(names)
            ],
            count=len(view.sources),
            sources=_make_payload(view),
        )
    )


def _colour(view: FieldView, code: int) -> str:
    """Look up the colour of an entry of the legend; what follows the classes has none."""
    return get_class_colour(code if code < len(view.labels) else -1)


def _make_payload(view: FieldView) -> dict[str, Any]:
    """Collect what the page's script needs of the sources, one list per column."""
    table = view.sources
    shares = table[[f"p_{label}" for label in view.labels]].to_numpy(np.float64)
    without = len(view.labels)
    magnitudes = measure_magnitudes(table)
    return {
        "labels": list(view.labels),
        "code": np.where(view.codes < 0, without, view.codes).tolist(),
        "x": (view.x + 0.5).round(1).tolist(),
        "y": (view.picture.shape[0] - view.y - 0.5).round(1).tolist(),
        "ra": table["ra"].round(6).tolist(),
        "dec": table["dec"].round(6).tolist(),
        # in units of 1e-4, as in the reports of experiments
        "p": np.rint(1e4 * np.nan_to_num(shares)).astype(int).tolist(),
        "bands": list(magnitudes),
        "magnitudes": [_list_numbers(magnitudes[band]) for band in magnitudes],
        "ood": _list_numbers(table["ood"]) if "ood" in table else None,
        "words": {
            name: table[name].astype(object).where(table[name].notna(), "").astype(str).tolist()
            for name in ("flags", "prediction_set", "reason")
            if name in table
        },
    }


def _list_numbers(column: "pd.Series[Any]") -> list[float | None]:
    """List numbers to two decimals; None in place of NaN, which JSON cannot hold."""
    values = column.to_numpy(np.float64, na_value=np.nan)
    return [round(value, 2) if np.isfinite(value) else None for value in values.tolist()]
