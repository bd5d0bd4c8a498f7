"""Export stored cutouts as FITS files with world coordinates."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits

from skyclass.images.cutout_info import CutoutInfo
from skyclass.images.export_paths import choose_path, make_class_folders
from skyclass.images.stored_cutouts import StoredCutouts
from skyclass.schema import COLOURS, IDS, POSITION
from skyclass.surveys.registry import get_survey

__all__ = ["write_fits"]

_BATCH: Final = 256

_MEASURED: Final = {
    "psf_flux": "PSFFLUX",
    "psf_flux_err": "PSFERR",
    "aperture_flux": "APERFLUX",
    "psf_fwhm": "PSFFWHM",
    "sky_noise": "SKYNOISE",
    "concentration": "CONCENTR",
    "concentration_err": "CONCERR",
    "flags": "FLAGS",
}
"""Card of each field of `skyclass.measurement.measurement.Measurement`."""


def write_fits(cutouts: StoredCutouts, out: Path) -> None:
    """Write a FITS file for each object.

    Parameters
    ----------
    cutouts
        Stored cutouts.
    out
        Folder to write.
    """
    for split in cutouts:
        folders = make_class_folders(out / split, cutouts.info.labels)
        for start, batch in cutouts[split].read_batches(_BATCH):
            for i, label in enumerate(batch["label"]):
                row = {name: values[i] for name, values in batch.items()}
                _make_units(row, cutouts.info).writeto(
                    choose_path(folders[label], row, start + i, ".fits")
                )


def _make_units(row: dict[str, Any], info: CutoutInfo) -> fits.HDUList:
    """Build one FITS image per band of an object, each with its own world coordinates."""
    units = [fits.PrimaryHDU()]
    for name in (*IDS, *POSITION, *(key for key in get_survey(info.survey).key if key in row)):
        value = row[name]
        units[0].header[name.upper()[:8]] = (
            value.item() if isinstance(value, np.generic) else str(value)
        )
    units[0].header["CLASS"] = info.labels[int(row["label"])]
    bands = zip(info.bands, row["flux"], row["offset"], strict=True)
    for number, (band, flux, offset) in enumerate(bands):
        unit = fits.ImageHDU(np.asarray(flux, dtype=np.float32), name=band)
        centre = (info.size - 1) / 2 + 1
        unit.header.update(
            {
                "BUNIT": "grey level" if info.bands == COLOURS else "nanomaggy",
                "CTYPE1": "RA---TAN",
                "CTYPE2": "DEC--TAN",
                "CRVAL1": float(row["ra"]),
                "CRVAL2": float(row["dec"]),
                "CRPIX1": centre + float(offset[1]),
                "CRPIX2": centre + float(offset[0]),
                **{f"CD{i + 1}_{j + 1}": float(row["cd"][i, j]) for i in (0, 1) for j in (0, 1)},
                **_make_measured_cards(row, number),
            }
        )
        units.append(unit)
    return fits.HDUList(units)


def _make_measured_cards(row: dict[str, Any], band: int) -> dict[str, float | int]:
    """Make the cards of what was measured in a band; a card cannot hold what is not finite."""
    values = {card: row[name][band].item() for name, card in _MEASURED.items() if name in row}
    return {card: value for card, value in values.items() if np.isfinite(value)}
