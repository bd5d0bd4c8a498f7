"""Write the report of a table of classified sources."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from plotly.offline import get_plotlyjs

from skyclass.errors import InferenceError
from skyclass.evaluation.class_colours import get_class_colour
from skyclass.evaluation.report.environment import make_environment, to_json
from skyclass.files import AnyPath, atomic_path
from skyclass.inference.hats_catalog import read_hats_metadata
from skyclass.inference.read_result import read_result
from skyclass.inference.table_formats import HATS
from skyclass.inference.table_metadata import TableMetadata
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey, Unit
from skyclass.views.classified_table import encode_classes, list_classes, measure_magnitudes
from skyclass.views.frame_folders import find_frames
from skyclass.views.shown_sources import choose_sources, draw_sources
from skyclass.views.table_charts import draw_table_charts
from skyclass.views.table_counts import count_classes, count_flags, count_reasons

__all__ = ["write_table_report"]

_HATS_COLUMNS = ("_healpix_29", "Norder", "Dir", "Npix")


def write_table_report(
    table: AnyPath, *, frames: AnyPath | Sequence[AnyPath] | None = None
) -> Path:
    """Write the report of a table of classified sources, one HTML file that needs no network.

    Parameters
    ----------
    table
        File that `skyclass.classify` wrote, or the directory of a HATS catalogue.
    frames
        One or more directories with the frames of its sources, for their pictures; none by
        default.

    Returns
    -------
    pathlib.Path
        ``<name of the table>-report.html`` beside the table.

    Raises
    ------
    InferenceError
        If the table cannot be read, or has no classes.
    SurveyError
        If there are no frames, or one is broken.
    """
    path = Path(table)
    sources, metadata = _read(path)
    labels = list_classes(sources)
    survey, units = (get_survey(DEFAULT_SURVEY), None) if frames is None else find_frames(frames)
    context = _gather_context(sources, labels, survey, units, metadata)
    simulated = metadata is not None and metadata.simulated
    context |= {"simulated": simulated, "facts": _state_facts(metadata)}
    out = path.with_name(f"{path.name.partition('.')[0]}-report.html")
    page = make_environment("skyclass.views").get_template("table.html.j2")
    with atomic_path(out) as partial:
        partial.write_text(page.render(context, file=path.name), "utf-8")
    return out


def _read(path: Path) -> tuple[pd.DataFrame, TableMetadata | None]:
    """Read a table, or the Parquet files of a HATS catalogue, and what it says of itself."""
    if not path.is_dir():
        return read_result(path)
    if path.suffix != HATS or not (path / "dataset").is_dir():
        raise InferenceError(f"{path} is no table of classified sources")
    table = pd.read_parquet(path / "dataset")
    return table.drop(columns=[name for name in _HATS_COLUMNS if name in table]), (
        read_hats_metadata(path)
    )


def _state_facts(metadata: TableMetadata | None) -> dict[str, str]:
    """State what classified the sources, where the table says so."""
    if metadata is None:
        return {}
    facts = {
        "model": metadata.model,
        "task": metadata.task,
        "survey": metadata.survey,
        "network": metadata.network,
        "image type": metadata.image_type,
        "skyclass": metadata.version,
    }
    if metadata.coverage is not None:
        facts["coverage of the prediction sets"] = f"{metadata.coverage:.3g}"
    if metadata.prior:
        shares = (f"{name} {share:.3g}" for name, share in metadata.prior.items())
        facts["prior"] = ", ".join(shares)
    if metadata.level is not None:
        facts["samples"] = f"{metadata.measure} at least {metadata.level:.3g}"
    if metadata.population:
        facts["fitted on"] = metadata.population
    return facts


def _gather_context(
    table: pd.DataFrame,
    labels: tuple[str, ...],
    survey: Survey,
    units: Mapping[Unit, Path] | None,
    metadata: TableMetadata | None,
) -> dict[str, Any]:
    """Gather what the template shows."""
    codes = encode_classes(table, labels)
    magnitudes = measure_magnitudes(table)
    charts = draw_table_charts(
        table,
        labels,
        codes,
        magnitudes,
        band=_choose_band(magnitudes, survey),
        ood_threshold=None if metadata is None else metadata.ood_threshold,
    )
    placed = np.isfinite(table[["ra", "dec"]].to_numpy(np.float64, na_value=np.nan)).all(axis=1)
    located = table[placed].reset_index(drop=True)
    groups = choose_sources(located, labels, codes[placed], survey.key or ("unit",))
    sprites, places = (None, {}) if units is None else draw_sources(groups, located, units, survey)
    return {
        "count": len(table),
        "classified": int(np.sum(codes >= 0)),
        "classes": count_classes(table, labels, codes),
        "colours": {name: get_class_colour(code) for code, name in enumerate(labels)},
        "flags": count_flags(table),
        "flagged": _count_flagged(table),
        "reasons": count_reasons(table),
        "charts": charts,
        "chart_json": to_json({each.name: json.loads(each.figure.to_json()) for each in charts}),
        "groups": groups,
        "sprites": sprites,
        "places": places,
        "columns": [str(name) for name in table.columns],
        "plotly_js": get_plotlyjs(),
    }


def _choose_band(magnitudes: pd.DataFrame, survey: Survey) -> str | None:
    """Choose the band of the histogram of magnitudes; None without magnitudes."""
    bands = [str(band) for band in magnitudes]
    if not bands:
        return None
    return survey.detection_band if survey.detection_band in bands else bands[len(bands) // 2]


def _count_flagged(table: pd.DataFrame) -> int | None:
    """Count the sources with any flag; None where the table has none."""
    if "flags" not in table:
        return None
    return int((table["flags"].astype(object).fillna("") != "").sum())
