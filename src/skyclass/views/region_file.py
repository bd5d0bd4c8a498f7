"""Write the sources of a table as regions that DS9, Aladin and others show on an image."""

from pathlib import Path
from typing import Final

import pandas as pd

from skyclass.evaluation.class_colours import get_class_colour
from skyclass.files import AnyPath, atomic_path
from skyclass.views.classified_table import encode_classes, list_classes, select_places
from skyclass.views.view_files import check_region_file

__all__ = ["write_regions"]

_RADIUS: Final = 3.0  # arcsec: about the light of a faint source
_HEAD: Final = "# Region file format: DS9 version 4.1\nicrs\n"


def write_regions(table: pd.DataFrame, out: AnyPath) -> None:
    """Write a circle around each source in the colour of its class, in the format of DS9.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it; rows without a position are left out.
    out
        File to write, ``.reg``. Each circle has a radius of 3 arcsec, class and probability as its
        text, and its class as its tag, by which DS9 selects groups.

    Raises
    ------
    InferenceError
        If the name has another suffix, or the table lacks classes or positions.

    Examples
    --------
    >>> import pandas as pd
    >>> from skyclass.views.region_file import write_regions
    >>> table = pd.DataFrame({"ra": [150.0], "dec": [2.5], "class": ["star"]})
    >>> write_regions(table.assign(probability=0.98, p_star=0.98), "stars.reg")
    >>> print(open("stars.reg").read().splitlines()[-1])
    circle(150.0000000,2.5000000,3") # color=#0077BB text={star 0.98} tag={star}
    """
    out = Path(out)
    check_region_file(out)
    labels = list_classes(table)
    sources = select_places(table)
    codes = encode_classes(sources, labels).tolist()
    columns = [sources[name].tolist() for name in ("ra", "dec", "probability")]
    lines = [
        _format_circle(ra, dec, share, code, labels)
        for ra, dec, share, code in zip(*columns, codes, strict=True)
    ]
    with atomic_path(out) as partial:
        partial.write_text(_HEAD + "".join(lines), encoding="utf-8")


def _format_circle(ra: float, dec: float, share: float, code: int, labels: tuple[str, ...]) -> str:
    """Format one source."""
    # braces end a text
    name = "no class" if code < 0 else labels[code].replace("{", "(").replace("}", ")")
    text = name if code < 0 else f"{name} {share:.2f}"
    look = f"color={get_class_colour(code)} text={{{text}}} tag={{{name}}}"
    return f'circle({ra:.7f},{dec:.7f},{_RADIUS:g}") # {look}\n'
