"""Show stored cutouts in image types, class by class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.files import AnyPath, atomic_path
from skyclass.images.contact_sheet import draw_sheet
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import render
from skyclass.images.stored_cutouts import CutoutInfo, CutoutSplit, open_cutouts, read_info
from skyclass.images.sweep import expand_sweep, rank_image_types
from skyclass.progress import Progress, no_progress

__all__ = ["show"]

_RANKED: Final = 100
"""Largest number of objects per class on which image types are ranked."""

_SMALL: Final = 64


def show(
    cutouts: AnyPath,
    types: Sequence[str],
    out: AnyPath,
    *,
    sweep: Sequence[str] = (),
    split: str = "train",
    per_class: int = 3,
    seed: int = 1,
    progress: Progress = no_progress,
) -> pd.DataFrame | None:
    """Draw a contact sheet of every class in some image types, or of a sweep in order of rank.

    Parameters
    ----------
    cutouts
        Folder that `make_cutouts` wrote.
    types
        Names of image types; with a sweep, those that it varies.
    out
        Image file to write, ``.png``.
    sweep
        Axes, as `skyclass.images.sweep.expand_sweep` takes them; all combinations are ranked.
    split
        train, validation or test.
    per_class
        Objects per class; one in a sweep.
    seed
        Seed for the choice of objects.
    progress
        Called in a sweep with the stage, image types ranked and image types in all
        (`skyclass.progress.Progress`).

    Returns
    -------
    pandas.DataFrame or None
        The ranking of a sweep (`skyclass.images.sweep.rank_image_types`), None without one.

    Raises
    ------
    ImageError
        If there are no cutouts, or a name or an axis of the sweep is unknown.

    Examples
    --------
    >>> import skyclass
    >>> skyclass.show("cutouts", ["gri", "lupton:irg"], "sheet.png")
    >>> axes = ["q=2,8,20"]
    >>> ranking = skyclass.show("cutouts", ["lupton:irg"], "sweep.png", sweep=axes)
    >>> len(ranking)
    3
    """
    cutouts, out = Path(cutouts), Path(out)
    _check_suffix(out)
    info = read_info(cutouts)
    names = list(types)
    if sweep:
        names = [name for start in types for name in expand_sweep(start, sweep, info.survey)]
    for name in names:
        get_image_type(name, info.survey).check_bands(info.bands)
    stored = open_cutouts(cutouts)[split]
    if not sweep:
        chosen = _choose(stored.label, per_class, seed)
        _draw(out, stored, info, names, chosen)
        return None
    ranked = np.concatenate(list(_choose(stored.label, _RANKED, seed).values()))
    table = rank_image_types(
        names,
        stored.take(ranked),
        stored.offsets()[ranked],
        stored.label[ranked],
        bands=info.bands,
        survey=info.survey,
        seed=seed,
        progress=progress,
    )
    _draw_ranked(out, stored, info, table, _choose(stored.label, 1, seed))
    return table


def _check_suffix(out: Path) -> None:
    """Check the suffix of the file name, before any work."""
    if out.suffix != ".png":
        raise ImageError(f"{out} must end with .png, the format of the contact sheet")


def _choose(labels: NDArray[np.int64], most: int, seed: int) -> dict[int, NDArray[np.int64]]:
    """Select random rows of every class, reproducibly."""
    order = np.random.default_rng(seed).permutation(len(labels))
    return {int(code): order[labels[order] == code][:most] for code in np.unique(labels)}


def _render_rows(
    stored: CutoutSplit, info: CutoutInfo, name: str, rows: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Render some objects in an image type."""
    offset = stored.offsets()[rows]
    return render(stored.take(rows), name, offset=offset, bands=info.bands, survey=info.survey)


def _draw(
    out: Path,
    stored: CutoutSplit,
    info: CutoutInfo,
    names: Sequence[str],
    chosen: dict[int, NDArray[np.int64]],
) -> None:
    """Draw classes as rows and image types as columns."""
    pictures = [
        [_render_rows(stored, info, name, rows) for name in names] for rows in chosen.values()
    ]
    sheet = draw_sheet(
        names, [info.labels[code] for code in chosen], pictures, note=_format_note(info)
    )
    with atomic_path(out) as partial:
        sheet.save(partial)


def _draw_ranked(
    out: Path,
    stored: CutoutSplit,
    info: CutoutInfo,
    table: pd.DataFrame,
    chosen: dict[int, NDArray[np.int64]],
) -> None:
    """Draw image types as rows, best first, and classes as columns."""
    rows, pictures = [], []
    for line in table.itertuples():
        rows.append(
            f"{line.Index}. {line.image_type}\nvisible {line.visible:.2f} · separation"
            f" {line.separation:.2f} · score {line.score:.2f}"
        )
        pictures.append(
            [_render_rows(stored, info, str(line.image_type), r) for r in chosen.values()]
        )
    titles = [info.labels[code] for code in chosen]
    with atomic_path(out) as partial:
        draw_sheet(titles, rows, pictures, tile=_SMALL, note=_format_note(info)).save(partial)


def _format_note(info: CutoutInfo) -> str:
    """Format the text below a sheet."""
    kind = "simulated data" if info.simulated else "survey data"
    return f"the same objects in every picture; {kind}, {info.size} pixels a side"
