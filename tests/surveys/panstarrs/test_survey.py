"""Pan-STARRS as a survey: from positions to a model and a table, and the real cutouts."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skyclass.config.sections import CutoutConfig, SurveyConfig
from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.images.cut_field import cut_field
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.inference.classify import classify
from skyclass.mock_archive.server import MockArchive
from skyclass.models.saved_model import load_model
from skyclass.pipeline.experiment import run_experiment
from skyclass.surveys.acquire import acquire_frames
from skyclass.surveys.panstarrs.reader import open_object, open_stack
from skyclass.surveys.panstarrs.requests import make_cutout_path
from skyclass.surveys.panstarrs.survey import PANSTARRS
from skyclass.surveys.survey import Unit

EXPERIMENT = """
task = "spectral-class"
[catalog]
path = "stars.csv"
[survey]
name = "panstarrs"
frames = "frames"
base_url = "{url}"
rate = 0
[cutouts]
size = 32
[images]
type = "asinh"
[model]
name = "compact"
[training]
epochs = 2
batch_size = 16
"""


@pytest.fixture(scope="module")
def stars(plain_survey: Path) -> pd.DataFrame:
    """Positions and labels of stars of two classes, and nothing else."""
    table = pd.read_csv(plain_survey / "catalog.csv", dtype={"objid": str, "specobjid": str})
    kind = table["subclass"].str[0]
    kept = pd.concat([table[kind == name].head(20) for name in "AM"])
    return kept[["objid", "specobjid", "ra", "dec", "class", "subclass"]]


def test_from_positions_to_a_classified_table(
    plain_survey: Path, stars: pd.DataFrame, tmp_path: Path
) -> None:
    stars.to_csv(tmp_path / "stars.csv", index=False)
    with MockArchive(plain_survey, queries=False) as archive:
        file = tmp_path / "experiment.toml"
        file.write_text(EXPERIMENT.format(url=archive.url))
        result = run_experiment(file, tmp_path / "run")
    out = tmp_path / "run"
    stored = open_cutouts(out / "cutouts")
    assert (stored.info.survey, stored.info.bands) == ("panstarrs", tuple("grizy"))
    assert stored.info.simulated
    assert sum(len(stored[split]) for split in stored) == len(stars)
    cd = np.array(stored["train"].column("cd"))
    assert 3600 * np.sqrt(abs(np.linalg.det(cd))) == pytest.approx(0.25, rel=1e-3)
    spec = load_model(out / "model").spec
    assert (spec.survey, spec.bands) == ("panstarrs", tuple("grizy"))
    assert result.report.is_file()
    table = classify(tmp_path / "frames", out / "model", tmp_path / "sources.parquet")
    assert set(table["unit"]) <= set(stars["objid"])
    assert len(table) > 0.9 * len(stars)
    merged = table.merge(stars, left_on="unit", right_on="objid", suffixes=("", "_star"))
    north = 3600 * (merged["dec"] - merged["dec_star"]).abs()
    east = 3600 * (merged["ra"] - merged["ra_star"]).abs() * np.cos(np.radians(merged["dec"]))
    assert max(north.max(), east.max()) < 1
    # the z frames stand for y
    np.testing.assert_allclose(table["flux_y"], table["flux_z"], rtol=1e-5)


@pytest.fixture
def real_object(real_data: Path, tmp_path: Path) -> Path:
    """The real cutouts as a download would lay them: of g, r, i and z."""
    for band in "griz":
        target = tmp_path / make_cutout_path("PS1", band, 240)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real_data / "panstarrs" / f"PS1_{band}.fits", target)
    return tmp_path


def test_real_cutouts(real_object: Path, real_data: Path) -> None:
    assert PANSTARRS.find_units([real_object]) == {Unit(("PS1",)): real_object}
    with pytest.raises(MissingFrameError, match="object PS1 has no y cutout"):
        open_object(real_object, Unit(("PS1",)))
    frames = open_object(real_object, Unit(("PS1",)), mask_missing=True)
    assert [frame.band for frame in frames] == list("grizy")
    assert len(frames[4].data) == 0
    for frame in frames[:4]:
        alone = open_stack(real_data / "panstarrs" / f"PS1_{frame.band}.fits")
        np.testing.assert_array_equal(frame.data, alone.data)
    rows, columns = frames[0].shape
    place = frames[1].wcs.all_pix2world([(columns - 1) / 2], [(rows - 1) / 2], 0)
    rules = CutoutConfig(size=16, unit="arcsec", missing_band="mask")
    cutouts, simulated = cut_field(real_object, Unit(("PS1",)), *place, rules, PANSTARRS)
    assert cutouts.flux.shape == (1, 5, 64, 64)
    assert not simulated
    assert cutouts.mask[0, 4].all()
    assert not cutouts.mask[0, :4].any()
    assert np.isfinite(cutouts.flux).all()


def test_a_cutout_of_another_band(real_object: Path) -> None:
    target, source = (real_object / make_cutout_path("PS1", band, 240) for band in "yz")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    with pytest.raises(ImageError, match="should be of the band y, its header says z"):
        open_object(real_object, Unit(("PS1",)))


def test_cutouts_are_checked_where_they_lie(real_object: Path, stars: pd.DataFrame) -> None:
    one = stars.head(1).assign(objid=None, specobjid=None)
    name = str(PANSTARRS.name_unit(one.iloc[0].to_dict()))
    broken = real_object / make_cutout_path(name, "g", 240)
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_bytes(b"SIMPLE  =")
    settings = SurveyConfig(name="panstarrs", frames=real_object)
    with pytest.raises(SurveyError, match=rf"{name}\.g\.fits"):
        acquire_frames(
            one,
            settings,
            real_object,
            real_object / "logs",
            size=64,
            progress=lambda *_: None,
        )


def test_directories_without_cutouts(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="holds no cutout"):
        PANSTARRS.find_units([tmp_path])
    with pytest.raises(SurveyError, match="is not a directory"):
        PANSTARRS.find_units([tmp_path / "nowhere"])
    with pytest.raises(SurveyError, match="does not exist"):
        open_object(tmp_path / "nowhere", Unit(("1",)))
