"""A tiny survey of two tiles in four bands, the last of another rotation and scale."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS

from skyclass.errors import MissingFrameError
from skyclass.frames.frame import Frame, open_bands, read_wcs
from skyclass.surveys.survey import Band, RowsNeeded, Survey, Unit

__all__ = ["TURNED", "draw_tiles", "find_frame"]

SIDE = 150
SCALE = 0.25
SEEING = 1.1
SATURATION = 60.0
MAGNITUDES = {"F5": (19.0, 18.7, 18.6, 18.6), "M3": (20.2, 18.8, 17.7, 17.2)}
TILES = {"0010": (150.0, 2.0), "0011": (150.02, 2.0)}


def find_frame(root: Path, tile: str, band: str) -> Path:
    return Path(root) / f"{tile}-{band}.fits"


def open_tile(
    root: Path, unit: Unit, rows: RowsNeeded | None = None, *, mask_missing: bool = False
) -> tuple[Frame, ...]:
    def open_band(name: str) -> Frame:
        path = find_frame(root, str(unit), name)
        if not path.is_file():
            raise MissingFrameError(f"tile {unit} has no {name} image: expected {path}")
        data, header = fits.getdata(path, header=True)
        return Frame(
            name, data.astype(np.float32), read_wcs(path, header), True, data.shape, SATURATION
        )

    return open_bands(TURNED.band_names, open_band, mask_missing=mask_missing, name=f"tile {unit}")


def find_tiles(paths: Iterable[Path]) -> dict[Unit, Path]:
    files = sorted(file for path in paths for file in Path(path).glob("*-r.fits"))
    return {Unit((file.name.removesuffix("-r.fits"),)): file.parent for file in files}


TURNED = Survey(
    name="turned",
    title="Tiles of which one band is turned",
    bands=(Band("g", 4770.0), Band("r", 6430.0), Band("i", 7840.0), Band("z", 9260.0)),
    pixel_scale=SCALE,
    detection_band="r",
    key=("tile",),
    text_key=True,
    open_unit=open_tile,
    find_units=find_tiles,
)


def draw_tiles(folder: Path, seed: int = 2) -> pd.DataFrame:
    """Write the frames of all tiles to `folder`/frames, and return the table of their stars."""
    rng = np.random.default_rng(seed)
    place = np.linspace(22, SIDE - 22, 6)
    x, y = (axis.ravel() for axis in np.meshgrid(place, place))
    tables = []
    (folder / "frames").mkdir()
    for tile, centre in TILES.items():
        ra, dec = make_wcs(centre).all_pix2world(
            *(at + rng.uniform(-2, 2, at.size) for at in (x, y)), 0
        )
        names = np.array(list(MAGNITUDES))[rng.permutation(x.size) % 2]
        stars = pd.DataFrame({"ra": ra, "dec": dec, "tile": tile, "subclass": names})
        for band, name in enumerate("griz"):
            wcs = make_wcs(centre, turn=20.0, scale=0.3) if name == "z" else make_wcs(centre)
            image = draw(band, wcs, stars, rng)
            fits.writeto(find_frame(folder / "frames", tile, name), image, wcs.to_header())
        tables.append(stars.assign(**{"class": "STAR"}))
    return pd.concat(tables, ignore_index=True)


def make_wcs(centre: tuple[float, float], turn: float = 0.0, scale: float = SCALE) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = centre
    wcs.wcs.crpix = [(SIDE + 1) / 2, (SIDE + 1) / 2]
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    wcs.wcs.cd = scale / 3600 * np.array([[-cosine, sine], [sine, cosine]])
    return wcs


def draw(band: int, wcs: WCS, stars: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw stars as round Gaussians in nanomaggies, on noise and a slope left of the sky."""
    y, x = np.mgrid[:SIDE, :SIDE]
    image = rng.normal(0.0, 0.02, (SIDE, SIDE)) + 0.002 * x
    scale = 3600 * np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix)))
    sigma = SEEING / 2.3548 / scale
    for star in stars.itertuples():
        column, row = wcs.all_world2pix(star.ra, star.dec, 0)
        flux = 10 ** (0.4 * (22.5 - MAGNITUDES[star.subclass][band] - rng.uniform(0, 1)))
        profile = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * sigma**2))
        image += flux * profile / (2 * np.pi * sigma**2)
    return image.astype(np.float32)
