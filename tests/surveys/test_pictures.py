"""Colour and FITS cutouts: what is asked of the services, and what of their answers is taken."""

import io
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from PIL import Image

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.surveys import registry
from skyclass.surveys.download import download_kind, find_missing_files
from skyclass.surveys.file_kinds import FileKind, Picture
from skyclass.surveys.panstarrs.requests import parse_stack_files
from skyclass.surveys.registry import get_file_kind
from skyclass.surveys.sdss.survey import SDSS
from support.sdss_frames import at
from support.web_server import FakeClock, Reply, Server, large_jpeg, picture_bytes

STARS = pd.DataFrame(
    {
        "objid": pd.array([1237648720693755918, pd.NA], dtype="UInt64"),
        "ra": [185.5, 0.0135],
        "dec": [-1.25, 14.2],
    }
)
JPEG = "/dr17/SkyServerWS/ImgCutout/getjpeg"
NAMES = "/cgi-bin/ps1filenames.py"
CUTOUT = "/cgi-bin/fitscut.cgi"
DOCUMENT = Path(__file__).parents[2] / "docs" / "surveys.md"


def names_answer(bands: str = "grizy", folder: str = "/rings.v3.skycell/0635/000/x") -> bytes:
    lines = ["projcell subcell ra dec filter mjd type filename shortname badflag"]
    lines += [f"635 0 2.1 -31.7 {b} 0.0 stack {folder}.{b}.fits x.{b}.fits 0" for b in bands]
    return "\n".join(lines).encode()


def fits_bytes(band: str, size: int) -> bytes:
    hdu = fits.PrimaryHDU(np.zeros((size, size), np.float32))
    hdu.header["HIERARCH FPA.FILTERID"] = f"{band}.00000"
    buffer = io.BytesIO()
    hdu.writeto(buffer)
    return buffer.getvalue()


def test_sdss_cutouts(server: Server, tmp_path: Path, fake_clock: FakeClock) -> None:
    server.files[JPEG] = picture_bytes((120, 100))
    picture = Picture(width=120, height=100, scale=0.2, opt="GL")
    done = download_kind(
        STARS, tmp_path, "sdss-jpeg", survey=at(server), picture=picture, clock=fake_clock.clock
    )
    assert done.fetched == 2
    asked = [parse_qs(urlsplit(path).query) for path in server.paths]
    assert {
        "ra": ["185.5000000"],
        "dec": ["-1.2500000"],
        "scale": ["0.2"],
        "width": ["120"],
        "height": ["100"],
        "opt": ["GL"],
    } in asked
    names = sorted(path.name for path in tmp_path.rglob("*.jpg"))
    assert names == ["1237648720693755918.jpg", "J000003.24+141200.0.jpg"]
    assert set(find_missing_files(STARS, tmp_path, ["sdss-jpeg"], picture=picture)) == {""}


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(picture_bytes((64, 64)), 404, {"Content-Type": "image/jpeg"}), "absent"),
        (Reply(picture_bytes((64, 65))), "64x65 pixels"),
        (Reply(picture_bytes((64, 64))[:-300]), "truncated"),
        (Reply(picture_bytes((64, 64))[:300] + b"\xff\xd9"), "broken JPEG"),
        (Reply(picture_bytes((64, 64), "PNG")), "not a JPEG"),
        (Reply(large_jpeg()), "broken JPEG picture: Image size"),
        (Reply(b'<html><title>Skyserver Error</title>"'), "HTML page (Skyserver Error)"),
    ],
)
def test_pictures_that_are_none(
    server: Server, tmp_path: Path, fake_clock: FakeClock, reply: Reply, state: str
) -> None:
    server.files[JPEG] = picture_bytes((64, 64))
    one = STARS.iloc[:1]
    first = next(iter(get_file_kind("sdss-jpeg").files(one.iloc[0], at(server), Picture())))
    server.faults[first.source] = [reply]
    options = {"survey": at(server, retries=0), "clock": fake_clock.clock}
    counts = download_kind(one, tmp_path, "sdss-jpeg", **options)
    assert counts.fetched == 0
    missing = find_missing_files(one, tmp_path, ["sdss-jpeg"], survey=at(server)).iloc[0]
    assert state in missing
    assert not list(tmp_path.rglob("*.jpg"))
    assert download_kind(one, tmp_path, "sdss-jpeg", retry_absent=True, **options).fetched == 1


@pytest.mark.parametrize("form", ["jpg", "png"])
def test_panstarrs_colour(server: Server, tmp_path: Path, fake_clock: FakeClock, form: str) -> None:
    server.files[NAMES] = names_answer()
    server.files[CUTOUT] = picture_bytes((64, 64), "PNG" if form == "png" else "JPEG")
    picture = Picture(width=64, image_format=form)
    done = download_kind(
        STARS, tmp_path, "ps1-jpeg", survey=at(server), picture=picture, clock=fake_clock.clock
    )
    assert done.fetched == 2
    asked = next(parse_qs(urlsplit(p).query) for p in server.paths if p.startswith(CUTOUT))
    assert [asked[c][0][-6:] for c in ("red", "green", "blue")] == ["i.fits", "r.fits", "g.fits"]
    assert (asked["size"], asked["format"]) == (["64"], [form])
    for path in tmp_path.rglob(f"*.{form}"):
        assert Image.open(path).size == (64, 64)


def test_panstarrs_bands_share_one_look_up(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    server.files[NAMES] = names_answer("griz")
    one = STARS.iloc[:1]
    row, picture = one.iloc[0], Picture(width=32)
    for request in get_file_kind("ps1-fits").files(row, at(server), picture)[:4]:
        band = request.path[-6]
        assert request.resolve is not None
        server.files[request.resolve(names_answer().decode())] = fits_bytes(band, 32)
    options = {"survey": at(server, retries=0), "picture": picture, "clock": fake_clock.clock}
    counts = download_kind(one, tmp_path, "ps1-fits", **options)
    assert (counts.fetched, counts.absent) == (4, 1)
    assert [p for p in server.paths if p.startswith(NAMES)] == [server.paths[0]]
    missing = find_missing_files(one, tmp_path, ["ps1-fits"], survey=at(server), picture=picture)
    assert "y.fits: absent (outside the footprint)" in missing.iloc[0]
    for path in tmp_path.rglob("*.fits"):
        assert fits.getheader(path)["FPA.FILTERID"][0] == path.name[-6]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (names_answer(folder="/../../etc/x"), "names an impossible file"),
        (names_answer(folder="http://elsewhere/x"), "names an impossible file"),
        (b"<html>sorry</html>", "not a table of file names"),
        (b"", "not a table of file names"),
        (names_answer() + b"\n1 2 3", "broken row"),
        (b"x" * 2**21, "the answer has more than 1048576 bytes"),
    ],
)
def test_answers_that_name_no_files(
    server: Server, tmp_path: Path, fake_clock: FakeClock, answer: bytes, reason: str
) -> None:
    server.files[NAMES] = answer
    survey, clock = at(server, retries=0), fake_clock.clock
    counts = download_kind(STARS.iloc[:1], tmp_path, "ps1-jpeg", survey=survey, clock=clock)
    assert counts.failed == 1
    assert reason in counts.reason
    assert not [p for p in server.paths if p.startswith(CUTOUT)]


def test_a_fits_cutout_of_another_band_is_refused(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    server.files[NAMES] = names_answer()
    server.files[CUTOUT] = fits_bytes("g", 32)
    options = {"survey": at(server, retries=0), "picture": Picture(width=32, bands="gi")}
    counts = download_kind(STARS.iloc[:1], tmp_path, "ps1-fits", clock=fake_clock.clock, **options)
    assert (counts.fetched, counts.failed) == (1, 1)
    assert "of the band 'g.00000', not i" in counts.reason


def test_real_file_names_and_cutouts(real_data: Path) -> None:
    text = (real_data / "services" / "ps1filenames_real_rows.txt").read_text()
    assert set(parse_stack_files(text)) <= set("grizy")
    requests = get_file_kind("ps1-fits").files(STARS.iloc[0], SurveyConfig(), Picture(bands="griz"))
    for band, request in zip("griz", requests, strict=True):
        request.check(real_data / "panstarrs" / f"PS1_{band}.fits")
    with pytest.raises(SurveyError, match="not g"):
        requests[0].check(real_data / "panstarrs" / "PS1_r.fits")


@pytest.mark.parametrize(
    ("kind", "picture", "message"),
    [
        ("sdss-jpeg", Picture(width=63), "width must be 64 to 2048 pixels, got 63"),
        ("sdss-jpeg", Picture(scale=0.001), "scale must be 0.015 to 60 arcsec per pixel"),
        ("sdss-jpeg", Picture(opt="../../x"), "opt must be up to 16 letters"),
        ("ps1-jpeg", Picture(bands="gr"), "bands must be three of grizy"),
        ("ps1-jpeg", Picture(image_format="gif"), "image_format must be jpg or png"),
        ("ps1-jpeg", Picture(width=100, height=50), "square"),
        ("ps1-fits", Picture(bands="gu"), "bands must be of grizy"),
        ("ps1-fits", Picture(width=100_000), "width must be 1 to 4000 pixels"),
        ("sdss-jpg", Picture(), "did you mean 'sdss-jpeg'"),
    ],
)
def test_settings_that_no_service_takes(
    tmp_path: Path, kind: str, picture: Picture, message: str
) -> None:
    with pytest.raises(SurveyError, match=re.escape(message)):
        download_kind(STARS, tmp_path / "out", kind, picture=picture)
    assert not (tmp_path / "out").exists()


def test_the_documented_survey_works(
    server: Server, tmp_path: Path, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[-1]
    module: dict[str, object] = {}
    exec(compile(code, str(DOCUMENT), "exec"), module)
    archive = module["LEGACY_JPEG"]
    assert isinstance(archive, FileKind)
    survey = replace(SDSS, name="legacy", frames=None, pictures=(archive,))
    monkeypatch.setitem(registry._surveys, "legacy", survey)
    assert get_file_kind("legacy-jpeg") is archive
    server.files["/viewer/cutout.jpg"] = picture_bytes((256, 256))
    done = download_kind(STARS, tmp_path, "legacy-jpeg", survey=at(server), clock=fake_clock.clock)
    assert done.fetched == 2
    (request,) = archive.files(STARS.iloc[0], SurveyConfig(), Picture())
    assert request.url.startswith("https://www.legacysurvey.org/viewer/cutout.jpg?ra=185.5")
