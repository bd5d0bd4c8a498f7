"""Tables of objects: found, cleaned, labelled, sampled and split; no pixels."""

from skyclass.catalog.build import (
    build_catalog,
    catalog_of,
    present_classes,
    read_catalog,
    source_of,
    write_catalog,
)
from skyclass.catalog.casjobs import CasJobs
from skyclass.catalog.clean import clean
from skyclass.catalog.fetch import fetch_table
from skyclass.catalog.read import read_table
from skyclass.catalog.report import report_lines
from skyclass.catalog.sample import PRESETS, field_counts, sample
from skyclass.catalog.schema import (
    EXTINCTIONS,
    FRAME_KEYS,
    IDS,
    MAGNITUDES,
    MODEL_MAGNITUDES,
    POSITION,
    PSF_WIDTHS,
)
from skyclass.catalog.skyserver import SkyServer
from skyclass.catalog.split import SPLITS, assign_splits, leakage, split_groups

__all__ = [
    "EXTINCTIONS",
    "FRAME_KEYS",
    "IDS",
    "MAGNITUDES",
    "MODEL_MAGNITUDES",
    "POSITION",
    "PRESETS",
    "PSF_WIDTHS",
    "SPLITS",
    "CasJobs",
    "SkyServer",
    "assign_splits",
    "build_catalog",
    "catalog_of",
    "clean",
    "fetch_table",
    "field_counts",
    "leakage",
    "present_classes",
    "read_catalog",
    "read_table",
    "report_lines",
    "sample",
    "source_of",
    "split_groups",
    "write_catalog",
]
