"""A survey that only this file knows goes from tiles to a trained model and a classified table."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.frames.frame import Frame, open_bands, read_wcs
from skyclass.frames.simulated import SIMULATED, is_simulated
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.inference.classify import classify
from skyclass.models.saved_model import load_model
from skyclass.pipeline.experiment import run_experiment
from skyclass.surveys import registry
from skyclass.surveys.survey import Band, RowsNeeded, Survey, Unit
from support.docs_examples import read_example

# --- the example of the docs ---
BANDS = (
    Band("g", 4770.0, zero_point=25.0, extinction=3.237),
    Band("r", 6430.0, zero_point=25.0, extinction=2.176),
    Band("i", 7840.0, zero_point=25.0, extinction=1.595),
    Band("z", 9260.0, zero_point=25.0, extinction=1.217),
)
MARGIN = 24  # pixels that a tile shares with its neighbours on either side


def open_tile(
    root: Path, unit: Unit, rows: RowsNeeded | None = None, *, mask_missing: bool = False
) -> tuple[Frame, ...]:
    """Read the images of a tile: one FITS file a band, such as ``0012-g.fits``."""

    def open_band(name: str) -> Frame:
        path = Path(root) / f"{unit}-{name}.fits"
        if not path.is_file():
            raise MissingFrameError(f"tile {unit} has no {name} image: expected {path}")
        with fits.open(path) as units:
            header = units[0].header
            data = (units[0].data * TILES.get_band(name).nanomaggies).astype(np.float32)
        simulated = is_simulated(header.get("HISTORY", ()))
        return Frame(name, data, read_wcs(path, header), simulated, data.shape, np.inf)

    return open_bands(TILES.band_names, open_band, mask_missing=mask_missing, name=f"tile {unit}")


def find_tiles(paths: Iterable[Path]) -> dict[Unit, Path]:
    """List the tiles in some directories, each with its directory."""
    files = sorted(file for path in paths for file in path.glob("*-r.fits"))
    return {Unit((file.name.removesuffix("-r.fits"),)): file.parent for file in files}


def is_primary(frame: Frame, sources: pd.DataFrame) -> np.ndarray:
    """Mark the sources in the part of a tile that no other tile counts."""
    rows, columns = frame.shape
    inside = sources["x"].between(MARGIN, columns - MARGIN, inclusive="left")
    inside &= sources["y"].between(MARGIN, rows - MARGIN, inclusive="left")
    return inside.to_numpy()


TILES = Survey(
    name="tiles",
    title="Tiles in four bands",
    bands=BANDS,
    pixel_scale=0.262,
    detection_band="r",
    key=("tile",),
    text_key=True,
    open_unit=open_tile,
    find_units=find_tiles,
    is_primary=is_primary,
)
# --- its end ---

SIDE = 320
STEP = SIDE - 2 * MARGIN
COUNT = 90
SEEING = 1.1
RA, DEC = 150.0, 2.0
MAGNITUDES = {"F5": (19.0, 18.7, 18.6, 18.6), "M3": (20.0, 18.7, 17.7, 17.2)}
EXPERIMENT = """
task = "spectral-class"
[catalog]
path = "stars.csv"
[survey]
name = "tiles"
frames = "frames"
[cutouts]
size = 6.288
unit = "arcsec"
[images]
type = "{image}"
[model]
name = "compact"
columns = ["colours"]
[training]
epochs = 3
batch_size = 16
[augmentation]
reddening = 0.02
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_surveys", dict(registry._surveys))
    registry.register_survey(TILES)


def tile_wcs(column: int, row: int) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [RA, DEC]
    wcs.wcs.crpix = [SIDE / 2 - column * STEP, SIDE / 2 - row * STEP]
    wcs.wcs.cdelt = [-TILES.pixel_scale / 3600, TILES.pixel_scale / 3600]
    return wcs


def draw(band: int, wcs: WCS, stars: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw stars as round Gaussians on a noisy sky, in counts of zero point 25."""
    y, x = np.mgrid[:SIDE, :SIDE]
    image = rng.normal(0.0, 0.6, (SIDE, SIDE))
    sigma = SEEING / 2.3548 / TILES.pixel_scale
    xs, ys = wcs.all_world2pix(stars["ra"], stars["dec"], 0)
    for star, column, row in zip(stars.itertuples(), xs, ys, strict=True):
        if not (-20 < column < SIDE + 20 and -20 < row < SIDE + 20):
            continue
        counts = 10 ** (0.4 * (25.0 - MAGNITUDES[star.subclass][band]))
        profile = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * sigma**2))
        image += counts * profile / (2 * np.pi * sigma**2)
    return image.astype(np.float32)


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four tiles that overlap, and the table of their stars."""
    folder = tmp_path_factory.mktemp("tiles")
    rng = np.random.default_rng(4)
    wcs = {f"00{c}{r}": tile_wcs(c, r) for c in (0, 1) for r in (0, 1)}
    stars = []
    for number, (tile, each) in enumerate(wcs.items()):
        # on a grid that keeps stars apart and off the rim
        place = np.linspace(MARGIN + 12, SIDE - MARGIN - 12, 9)
        x, y = (axis.ravel()[: COUNT // 4 * 2] for axis in np.meshgrid(place, place))
        ra, dec = each.all_pix2world(x + rng.uniform(-2, 2, x.size), y, 0)
        names = [list(MAGNITUDES)[(i + number) % 2] for i in range(x.size)]
        stars.append(pd.DataFrame({"ra": ra, "dec": dec, "tile": tile, "subclass": names}))
    table = pd.concat(stars, ignore_index=True).assign(**{"class": "STAR"})
    magnitudes = np.array([MAGNITUDES[name] for name in table["subclass"]])
    for band, values in zip("griz", magnitudes.T, strict=True):
        table[f"psfMag_{band}"] = values + rng.normal(0, 0.02, len(table))
    (folder / "frames").mkdir()
    for tile, each in wcs.items():
        for band, name in enumerate(TILES.band_names):
            image, header = draw(band, each, table, rng), each.to_header()
            header["HISTORY"] = SIMULATED
            fits.writeto(folder / "frames" / f"{tile}-{name}.fits", image, header)
    table.to_csv(folder / "stars.csv", index=False)
    return folder


def test_the_example_of_the_docs_is_this_one() -> None:
    source = Path(__file__).read_text()
    example = source.split("# --- the example of the docs ---\n")[1].split("# --- its end ---")[0]
    assert example.strip() in read_example("surveys.md", "A survey of your own")


def test_from_tiles_to_a_classified_table(tiles: Path, tmp_path: Path) -> None:
    file = tiles / "experiment.toml"
    file.write_text(EXPERIMENT.format(image="colours"))
    result = run_experiment(file, tmp_path / "run")
    assert result.metrics.test.balanced_accuracy > 0.97
    page = result.report.read_text()
    assert "Tiles in four bands" in page
    assert "<h3>g − r against r − i</h3>" in page
    assert "u − g" not in page
    stored = open_cutouts(tmp_path / "run" / "cutouts")
    assert (stored.info.survey, stored.info.bands) == ("tiles", ("g", "r", "i", "z"))
    assert (stored.info.size, stored.info.fields) == (24, 4)
    spec = load_model(tmp_path / "run" / "model").spec
    assert (spec.survey, spec.origin) == ("tiles", "Tiles in four bands (simulated)")
    table = classify(tiles / "frames", tmp_path / "run" / "model", tmp_path / "sources.parquet")
    assert_right(table, pd.read_csv(tiles / "stars.csv", dtype={"tile": str}))


def assert_right(table: pd.DataFrame, stars: pd.DataFrame) -> None:
    """Each star is there once, in its tile, with its fluxes and class."""
    east = (table["ra"].to_numpy()[:, None] - stars["ra"].to_numpy()) * np.cos(np.radians(DEC))
    north = table["dec"].to_numpy()[:, None] - stars["dec"].to_numpy()
    distance = 3600 * np.hypot(east, north)
    nearest = distance.argmin(axis=0)
    assert len(set(nearest)) == len(stars)
    assert distance.min(axis=0).max() < 0.5
    found = table.iloc[nearest].reset_index(drop=True)
    assert (found["tile"] == stars["tile"]).all()
    assert (found["class"] == stars["subclass"].str[0]).mean() > 0.97
    for band, name in enumerate(TILES.band_names):
        truth = np.array([10 ** (0.4 * (22.5 - MAGNITUDES[s][band])) for s in stars["subclass"]])
        assert np.median(found[f"flux_{name}"] / truth) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("ugriz", "needs 1 to 4 different bands of griz"),
        ("gri+urz", "needs u, which survey tiles lacks (it has g, r, i, z)"),
        ("luptitude", "softening of asinh magnitudes, which survey tiles does not state"),
    ],
)
def test_image_types_that_the_survey_lacks(
    tiles: Path, tmp_path: Path, image: str, message: str
) -> None:
    file = tiles / f"{image}.toml"
    file.write_text(EXPERIMENT.format(image=image))
    with pytest.raises(ImageError, match=re.escape(message)):
        run_experiment(file, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_frames_are_not_downloaded_where_there_is_no_archive(tiles: Path, tmp_path: Path) -> None:
    file = tiles / "remote.toml"
    text = EXPERIMENT.format(image="asinh").replace('frames = "frames"', "")
    file.write_text(text)
    with pytest.raises(SurveyError, match="survey tiles has no archive to download from"):
        run_experiment(file, tmp_path / "run")
