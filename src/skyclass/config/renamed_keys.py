"""Keys of experiment files that had another name in earlier versions."""

from typing import Final

__all__ = ["RENAMED", "RENAMED_VALUES"]

RENAMED: Final[dict[str, str]] = {
    "cutouts.registration": "cutouts.grid",
    "sample.preset": "sample.data_set",
}
"""Present names of the keys, in the same section, by their former names."""

RENAMED_VALUES: Final[dict[str, dict[str, str]]] = {
    "cutouts.registration": {"none": "native", "reproject": "common"},
}
"""Present values by former values, of those of the renamed keys whose values changed too."""
