"""Tables of objects: read, cleaned, labelled and split; no pixels."""

from skyclass.catalog.build import build_catalog, read_catalog, write_catalog
from skyclass.catalog.clean import clean
from skyclass.catalog.read import read_table
from skyclass.catalog.schema import FRAME_KEYS, IDS
from skyclass.catalog.split import SPLITS, assign_splits

__all__ = [
    "FRAME_KEYS",
    "IDS",
    "SPLITS",
    "assign_splits",
    "build_catalog",
    "clean",
    "read_catalog",
    "read_table",
    "write_catalog",
]
