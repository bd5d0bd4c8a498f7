"""Pictures that archives draw, stored as cutouts."""

import io
from pathlib import Path

import datasets
import httpx2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skyclass.config.sections import SurveyConfig
from skyclass.errors import ImageError, SurveyError
from skyclass.images import picture_cutouts as pictures
from skyclass.images.export import export_cutouts
from skyclass.images.picture_cutouts import make_picture_cutouts, make_picture_request
from skyclass.images.registry import get_image_type
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.mock_archive.server import MockArchive
from skyclass.progress import no_progress
from skyclass.schema import COLOURS
from skyclass.surveys.acquire import acquire_pictures
from skyclass.surveys.download import download_kind
from skyclass.surveys.pictures import list_picture_paths
from support.pictured_stars import make_star_catalog, read_stars

SOURCE = get_image_type("sdss-jpeg").source


@pytest.fixture(scope="module")
def archive(small_survey: Path):
    with MockArchive(small_survey) as server:
        yield server


@pytest.fixture(scope="module")
def table(small_survey: Path) -> pd.DataFrame:
    return read_stars(small_survey)


@pytest.fixture(scope="module")
def stored(
    archive: MockArchive, table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Download and store all pictures."""
    folder = tmp_path_factory.mktemp("stored")
    survey = SurveyConfig(base_url=archive.url, rate=0)
    catalog = make_star_catalog(table, folder)
    kept = supplied(catalog, survey, folder)
    assert len(catalog) - len(kept) == 2
    make_picture_cutouts(kept, folder / "pictures", folder / "cutouts", SOURCE, survey)
    return folder


def supplied(catalog: pd.DataFrame, survey: SurveyConfig, folder: Path) -> pd.DataFrame:
    what, picture = make_picture_request(SOURCE)
    out = folder / "pictures"
    return acquire_pictures(catalog, what, survey, picture, out, progress=no_progress)


def test_pictures_are_stored_as_they_were_sent(stored: Path, archive: MockArchive) -> None:
    info = read_info(stored / "cutouts")
    assert (info.bands, info.size, info.missing, info.off_frame) == (COLOURS, 224, 0, 0)
    assert info.simulated
    assert info.fields == 2
    count = 0
    for rows in datasets.load_from_disk(str(stored / "cutouts")).values():
        for row in rows.with_format("numpy"):
            asked = {"ra": f"{row['ra']:.7f}", "dec": f"{row['dec']:.7f}", "scale": 0.025}
            address = f"{archive.url}/dr17/SkyServerWS/ImgCutout/getjpeg"
            sent = httpx2.get(address, params={**asked, "width": 224, "height": 224})
            picture = np.asarray(Image.open(io.BytesIO(sent.content)))
            np.testing.assert_array_equal(row["flux"].transpose(1, 2, 0)[::-1], picture)
            assert not row["mask"].any()
            assert not row["offset"].any()
            count += 1
            if count % 5 == 0:
                break
    assert count == 15


def test_exported_pictures_are_the_files_that_came(stored: Path, tmp_path: Path) -> None:
    assert export_cutouts(stored / "cutouts", tmp_path / "png", "png", "sdss-jpeg") == 78
    downloaded = {path.stem: path for path in (stored / "pictures").rglob("*.jpg")}
    rows = datasets.load_from_disk(str(stored / "cutouts"))["test"].remove_columns(["flux", "mask"])
    for row in rows:
        (path,) = (tmp_path / "png" / "test").rglob(f"{row['objid']}.png")
        picture = np.asarray(Image.open(downloaded[row["objid"]]))
        np.testing.assert_array_equal(np.asarray(Image.open(path)), picture)


def test_world_coordinates_of_a_picture(stored: Path, tmp_path: Path) -> None:
    from astropy.io import fits
    from astropy.wcs import WCS

    export_cutouts(stored / "cutouts", tmp_path / "fits", "fits")
    with fits.open(next((tmp_path / "fits" / "test").rglob("*.fits"))) as units:
        header = units["GREEN"].header
        assert header["BUNIT"] == "grey level"
        ra, dec = WCS(header).all_pix2world([[111.5, 111.5], [111.5, 112.5], [112.5, 111.5]], 0).T
        assert ra[0] == pytest.approx(units[0].header["RA"], abs=1e-9)
        assert dec[1] - dec[0] == pytest.approx(0.025 / 3600, rel=1e-6)  # the next row is north
        east = (ra[0] - ra[2]) * np.cos(np.radians(dec[0]))
        assert east == pytest.approx(0.025 / 3600, rel=1e-6)  # the next column is west


def test_an_interruption_costs_one_part(
    stored: Path, table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = SurveyConfig()
    whole = make_star_catalog(table, tmp_path)
    catalog = whole[whole["dec"] < 20]
    monkeypatch.setattr(pictures, "_CHUNK", 16)
    read, seen, limit = pictures.read_picture, [], 40

    class KilledError(Exception):
        pass

    def counting(path: Path, side: int):
        if len(seen) == limit:
            raise KilledError
        seen.append(path)
        return read(path, side)

    monkeypatch.setattr(pictures, "use_threads", lambda: one_after_another)
    monkeypatch.setattr(pictures, "read_picture", counting)
    arguments = catalog, stored / "pictures", tmp_path / "cutouts", SOURCE, survey
    with pytest.raises(KilledError):
        make_picture_cutouts(*arguments)
    assert not (tmp_path / "cutouts").exists()
    seen.clear()
    limit = 1000
    make_picture_cutouts(*arguments)
    # two parts of 16 were whole
    assert len(seen) == len(set(seen)) == 78 - 32
    for split in ("train", "test"):
        one, other = (open_cutouts(folder / "cutouts")[split] for folder in (stored, tmp_path))
        rows = np.arange(len(one))
        np.testing.assert_array_equal(one.take(rows), other.take(rows))
        assert one.column("objid") == other.column("objid")
    assert {path.name for path in tmp_path.iterdir()} == {"cutouts", "table.csv"}


def one_after_another(work, groups, progress) -> None:
    for name, rows in groups:
        work(name, rows)


def test_what_cannot_be_stored(stored: Path, table: pd.DataFrame, tmp_path: Path) -> None:
    catalog = make_star_catalog(table, tmp_path)
    out, folder = tmp_path / "cutouts", tmp_path / "pictures"
    with pytest.raises(SurveyError, match=r"\.jpg is missing: download the pictures"):
        make_picture_cutouts(catalog, stored / "pictures", out, SOURCE)
    what, picture = make_picture_request(SOURCE)
    for path in list_picture_paths(catalog, what, SurveyConfig(), picture):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (225, 224)).save(folder / path)
    with pytest.raises(SurveyError, match="has 225x224 pixels, not the 224x224 requested"):
        make_picture_cutouts(catalog, folder, out, SOURCE)
    with pytest.raises(ImageError, match="no column ra, dec"):
        make_picture_cutouts(catalog.drop(columns=["ra", "dec"]), folder, out, SOURCE)
    assert not out.exists()


def test_the_pictures_of_an_earlier_download_are_used(
    stored: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    catalog = make_star_catalog(table, tmp_path)
    survey = SurveyConfig(base_url=(stored / "pictures").as_uri(), retries=0)
    assert len(supplied(catalog, survey, tmp_path)) == 78
    what, picture = make_picture_request(SOURCE)
    counts = download_kind(catalog, tmp_path / "pictures", what, survey=survey, picture=picture)
    assert (counts.present, counts.absent) == (78, 2)
