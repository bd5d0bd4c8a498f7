"""Cut small images around objects, each band from its own pixels."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.measurement.measurement import Measurement

__all__ = [
    "Cutouts",
    "cut_frames",
    "cut_image",
    "first_row",
    "last_row",
    "subtract_background",
]


@dataclass(frozen=True)
class Cutouts:
    """Calibrated images around objects of one field."""

    flux: NDArray[np.float32]
    """Nanomaggies, `[n, band, y, x]`; zero (the sky) where there is no measurement."""
    mask: NDArray[np.bool_]
    """True where a pixel does not measure the object: outside the frame, not finite, or saturated
    if that was asked for, `[n, band, y, x]`."""
    offset: NDArray[np.float32]
    """Pixels in y and x from the cutout's centre to the object, `[n, band, 2]`."""
    inside: NDArray[np.bool_]
    """Whether the object lies on the frame in every band, `[n]`."""
    cd: NDArray[np.float64]
    """Degrees east and north per pixel in x and y at the object, `[n, 2, 2]`: the CD matrix of a
    tangential projection about it (Calabretta & Greisen 2002, A&A 395, 1077)."""
    measurement: Measurement | None = None
    """What was measured of the objects; None where nothing was."""

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Cutouts":
        """Select objects.

        Parameters
        ----------
        rows
            Their rows, or a mask `[n]`.

        Returns
        -------
        Cutouts
            Of these objects.
        """
        if rows.dtype == np.bool_ and rows.all():
            return self
        return Cutouts(
            self.flux[rows],
            self.mask[rows],
            self.offset[rows],
            self.inside[rows],
            self.cd[rows],
            None if self.measurement is None else self.measurement.take(rows),
        )


def cut_frames(
    frames: Sequence[Frame],
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    size: int,
    *,
    mask_saturated: bool = False,
) -> Cutouts:
    """Cut every object of a field in all bands.

    Parameters
    ----------
    frames
        Bands of one field.
    ra, dec
        Positions in degrees, `[n]`.
    size
        Pixels a side.
    mask_saturated
        Whether saturated pixels are masked (their values are kept).

    Returns
    -------
    Cutouts
        Of `n` objects, bands in the order of `frames`.
    """
    shape = (len(ra), len(frames), size, size)
    flux = np.zeros(shape, dtype=np.float32)
    mask = np.zeros(shape, dtype=np.bool_)
    offset = np.zeros((*shape[:2], 2), dtype=np.float32)
    inside = np.ones(len(ra), dtype=np.bool_)
    for band, frame in enumerate(frames):
        x, y = frame.pixel(ra, dec)
        _cut_into(flux[:, band], mask[:, band], frame.data, x, y + frame.before)
        if mask_saturated:
            mask[:, band] |= flux[:, band] >= frame.saturation
        offset[:, band] = np.stack([_compute_offset(y, size), _compute_offset(x, size)], axis=1)
        inside &= frame.contains(x, y)
    broken = ~np.isfinite(flux)
    if broken.any():
        flux[broken] = 0
        mask |= broken
    return Cutouts(flux, mask, offset, inside, _compute_cd(frames, ra, dec))


def _compute_cd(
    frames: Sequence[Frame], ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the CD matrix at each object, in r or else in the first band."""
    frame = next((frame for frame in frames if frame.band == "r"), frames[0])
    x, y = frame.pixel(ra, dec)
    columns = []
    for dx, dy in ((0.5, 0.0), (0.0, 0.5)):
        (east, north), (west, south) = (
            frame.wcs.all_pix2world(x + s * dx, y + s * dy, 0) for s in (1, -1)
        )
        turn = (east - west + 180.0) % 360.0 - 180.0
        columns.append(np.stack([turn * np.cos(np.radians(dec)), north - south], axis=-1))
    return np.stack(columns, axis=-1)


def last_row(y: NDArray[np.float64], size: int) -> int:
    """Compute the row after the last one that cutouts need.

    Parameters
    ----------
    y
        Zero-based rows of the objects, `[n]`.
    size
        Pixels a side.

    Returns
    -------
    int
        At least 0.
    """
    return max(0, int(_compute_start(y, size).max(initial=-size)) + size)


def first_row(y: NDArray[np.float64], size: int) -> int:
    """Compute the first row that cutouts need.

    Parameters
    ----------
    y, size
        As `last_row` takes them.

    Returns
    -------
    int
        Negative if a cutout begins before the frame.
    """
    return int(_compute_start(y, size).min(initial=0))


def subtract_background(flux: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Subtract the median along each cutout's rim, an eighth of its side wide, band by band.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`.
    mask
        Pixels that are ignored and stay unchanged, `[n, band, y, x]`.

    Returns
    -------
    numpy.ndarray
        Nanomaggies, `[n, band, y, x]`.
    """
    width = max(1, flux.shape[-1] // 8)
    rim = np.ones(flux.shape[-2:], dtype=bool)
    rim[width:-width, width:-width] = False
    values = np.where(mask, np.float32(np.nan), flux)[..., rim]
    with warnings.catch_warnings():
        # a rim that is entirely masked has no median
        warnings.simplefilter("ignore", RuntimeWarning)
        sky = np.nan_to_num(np.nanmedian(values, axis=-1))
    return np.where(mask, flux, flux - sky[..., None, None])


def cut_image(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Cut squares from one image; pixels outside are zero and masked.

    Parameters
    ----------
    image
        `[y, x]`.
    x, y
        Zero-based pixel positions of the objects, `[n]`.
    size
        Pixels a side. A cutout begins at ``ceil(x - size / 2)``, as in
        `astropy.nddata.Cutout2D`.

    Returns
    -------
    pixels
        `[n, size, size]`.
    mask
        True outside the image, `[n, size, size]`.
    """
    pixels = np.zeros((len(x), size, size), dtype=image.dtype)
    mask = np.zeros((len(x), size, size), dtype=np.bool_)
    _cut_into(pixels, mask, image, x, y)
    return pixels, mask


def _cut_into(
    pixels: NDArray[np.float32],
    mask: NDArray[np.bool_],
    image: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> None:
    """Cut squares from one image into an array of zeros and a mask that is all false."""
    size, (rows, columns) = pixels.shape[-1], image.shape
    starts = zip(_compute_start(x, size).tolist(), _compute_start(y, size).tolist(), strict=True)
    for i, (left, top) in enumerate(starts):
        right, bottom = left + size, top + size
        if left >= 0 and top >= 0 and right <= columns and bottom <= rows:
            pixels[i] = image[top:bottom, left:right]
            continue
        mask[i] = True
        here = np.s_[max(-top, 0) : max(rows - top, 0), max(-left, 0) : max(columns - left, 0)]
        pixels[i][here] = image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        mask[i][here] = False


def _compute_start(position: NDArray[np.float64], size: int) -> NDArray[np.int64]:
    """Compute the first pixel of a cutout along one axis."""
    # what lies behind the plane of projection is on no pixel: as good as far off the frame
    return np.ceil(np.nan_to_num(position, nan=-1e9) - size / 2).astype(np.int64)


def _compute_offset(position: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Compute an object's offset from its cutout's centre along one axis, within half a pixel."""
    return position - _compute_start(position, size) - (size - 1) / 2
