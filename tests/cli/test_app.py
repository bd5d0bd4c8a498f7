"""Every command as a user types it: what it writes, and what it says of bad input."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from astropy.table import Table
from PIL import Image
from typer.testing import CliRunner

from skyclass.cli import app
from skyclass.cli.progress_bars import progress_bars
from skyclass.config.experiment_file import read_config
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.surveys.sdss.layout import BANDS

# the model is used by commands in processes of their own, in which PyTorch takes seconds to import
pytestmark = pytest.mark.onnx

LABELS = ("O", "B", "A", "F", "G", "K", "M")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "skyclass", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def assert_refused(result: subprocess.CompletedProcess[str], message: str) -> None:
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert result.returncode == 2, result.stderr
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in result.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = ModelSpec("spectral-class", LABELS, "ugriz", "compact", 64, BANDS, "nanomaggy", True)
    folder = tmp_path_factory.mktemp("model")
    save_model(Classifier(spec), folder)
    return folder


def test_catalog_then_cutouts(plain_survey: Path, tmp_path: Path) -> None:
    made = run(
        "catalog",
        plain_survey / "catalog.csv",
        "--task",
        "spectral-class",
        "--out",
        tmp_path / "c.parquet",
    )
    assert made.returncode == 0, made.stderr
    assert "240 rows read" in made.stdout
    cut = run(
        "cutouts",
        "--catalog",
        tmp_path / "c.parquet",
        "--frames",
        plain_survey / "frames",
        "--out",
        tmp_path / "cutouts",
        "--size",
        32,
    )
    assert cut.returncode == 0, cut.stderr
    assert (tmp_path / "cutouts" / "train").is_dir()


def test_download_from_a_mirror_then_status(small_survey: Path, tmp_path: Path) -> None:
    catalog, out = small_survey / "catalog.csv", tmp_path / "out"
    mirror = (small_survey / "frames").as_uri()
    arguments = ("download", "--catalog", catalog, "--out", out)
    done = run(*arguments, "--base-url", mirror)
    assert done.returncode == 0, done.stderr
    assert "frames: 10 done" in done.stdout
    assert "all 240 objects have every file" in done.stdout
    for path in (small_survey / "frames").rglob("*.bz2"):
        assert (out / path.relative_to(small_survey / "frames")).read_bytes() == path.read_bytes()
    next(out.rglob("frame-z-*-0100.fits.bz2")).unlink()
    status = run(*arguments, "--what", "frames", "--status")
    assert "120 of 240 objects lack a file" in status.stdout
    assert status.stdout.count("changed or removed") == 120
    assert "10 done" in run("download", "--out", out, "--status").stdout


def test_a_frame_with_a_broken_end_is_not_cut(small_survey: Path, tmp_path: Path) -> None:
    shutil.copytree(small_survey / "frames", tmp_path / "frames")
    (tmp_path / "frames" / "downloads.sqlite").unlink(missing_ok=True)
    frame = next((tmp_path / "frames").rglob("frame-r-*-0100.fits.bz2"))
    frame.write_bytes(frame.read_bytes()[:-1000])
    catalog = tmp_path / "c.parquet"
    run("catalog", small_survey / "catalog.csv", "--out", catalog)
    arguments = ("--catalog", catalog, "--frames", tmp_path / "frames", "--out", tmp_path / "cut")
    assert_refused(run("cutouts", *arguments), "is truncated")
    assert not (tmp_path / "cut").exists()


@pytest.mark.parametrize("ending", [".csv", ".ecsv", ".fits", ".vot", ".parquet"])
def test_classify_writes_every_format(
    plain_survey: Path, model: Path, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"classes{ending}"
    done = run("classify", plain_survey / "frames", "--model", model, "--out", out)
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(out) if ending == ".parquet" else Table.read(out).to_pandas()
    probabilities = table[[f"p_{label}" for label in LABELS]]
    assert (abs(probabilities.sum(axis=1) - 1) < 1e-6).all()
    assert set(table["field"]) == {100, 101}
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


def test_classify_draws_the_example_that_comes_along(tmp_path: Path) -> None:
    picture = tmp_path / "field.png"
    done = run("classify", "example", "--out", tmp_path / "classes.csv", "--picture", picture)
    assert done.returncode == 0, done.stderr
    with Image.open(picture) as drawn:
        assert drawn.size[0] == 640  # columns of the example's frames


def test_classify_finds_the_catalogued_stars(
    plain_survey: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "classes.parquet"
    run("classify", plain_survey / "frames", "--model", model, "--out", out)
    found = pd.read_parquet(out)
    stars = pd.read_csv(plain_survey / "catalog.csv")
    bright = stars[stars["psfMag_r"] < 19]
    from astropy.coordinates import SkyCoord

    places = [SkyCoord(t["ra"], t["dec"], unit="deg") for t in (bright, found)]
    _, apart, _ = places[0].match_to_catalog_sky(places[1])
    assert (apart.arcsec < 0.4).mean() > 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("classify", "{tmp}", "--model", "{model}", "--out", "{tmp}/x.fits"), "no frame"),
        (("classify", "{survey}", "--model", "{tmp}", "--out", "{tmp}/x.fits"), "no usable model"),
        (("classify", "{survey}", "--model", "{model}", "--out", "{tmp}/x.doc"), "no known suffix"),
        (
            ("catalog", "{tmp}/no.csv", "--task", "spectral-class", "--out", "{tmp}/a.parquet"),
            "does not exist",
        ),
        (
            ("catalog", "{survey}/catalog.csv", "--task", "spektral", "--out", "{tmp}/a.parquet"),
            "did you mean",
        ),
        (("simulate", "--out", "{tmp}/s", "--fields", "0"), "fields"),
        (("download", "--out", "{tmp}/d"), "--catalog is missing"),
        (("download", "--out", "{tmp}/d", "--status"), "nothing was downloaded"),
        (
            (
                "download",
                "--out",
                "{tmp}/d",
                "--catalog",
                "{survey}/catalog.csv",
                "--what",
                "frame",
            ),
            "did you mean 'frames'",
        ),
        (
            (
                *("download", "--out", "{tmp}/d", "--catalog", "{survey}/catalog.csv"),
                *("--base-url", "gopher://x"),
            ),
            "not the address of an archive",
        ),
        (("experiment", "{tmp}/no.toml", "--out", "{tmp}/e"), "does not exist"),
    ],
)
def test_bad_input(
    plain_survey: Path, model: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    places = {"tmp": tmp_path, "survey": plain_survey, "model": model}
    assert_refused(run(*(a.format(**places) for a in arguments)), message)
    assert not any(tmp_path.iterdir())


def test_nowhere_to_write(plain_survey: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(
        "catalog",
        plain_survey / "catalog.csv",
        "--task",
        "spectral-class",
        "--out",
        tmp_path / "file" / "c.parquet",
    )
    assert_refused(result, "cannot make the directory")


def test_an_interruption_says_what_it_means(
    plain_survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("skyclass.catalog.build_catalog.make_catalog", interrupted)
    words = ["catalog", str(plain_survey / "catalog.csv"), "--out", str(tmp_path / "c.parquet")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 130
    assert result.stderr == "interrupted; run the same command again to resume it\n"


def test_settings_are_searched_for_on_the_validation_objects(
    plain_survey: Path, tmp_path: Path
) -> None:
    (tmp_path / "e.toml").write_text(
        f'task = "spectral-class"\n[catalog]\npath = "{plain_survey}/catalog.csv"\n'
        f'[survey]\nframes = "{plain_survey}/frames"\n[cutouts]\nsize = 16\n'
        '[labels]\nmerge = { hot = ["O", "B", "A", "F"], cool = ["G", "K", "M"] }\n'
        "[training]\nepochs = 1\nbatch_size = 16\n"
    )
    (tmp_path / "s.toml").write_text('trials = 2\n[space]\n"training.learning_rate" = [1e-3, 1e-2]')
    out = tmp_path / "out"
    rates = run("learning-rate", tmp_path / "e.toml", "--out", out, "--steps", "40")
    assert rates.returncode == 0, rates.stderr
    assert rates.stdout.startswith("training.learning_rate = ")
    assert (out / "learning-rate.png").exists()
    found = run("tune", tmp_path / "e.toml", tmp_path / "s.toml", "--out", out)
    assert found.returncode == 0, found.stderr
    assert "best of 2 trials" in found.stdout
    best = read_config(out / "best.toml")
    assert f"training.learning_rate = {best.training.learning_rate}" in found.stdout
    assert best.labels.merge == {"hot": tuple("OBAF"), "cool": tuple("GKM")}
    assert not (out / "trials").exists()
    (tmp_path / "s.toml").write_text('[space]\n"model.name" = ["compact", "compct"]')
    refused = run("tune", tmp_path / "e.toml", tmp_path / "s.toml", "--out", out)
    assert_refused(refused, "did you mean 'compact'")


def test_without_a_terminal_each_tenth_of_a_stage_is_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bars() as progress:
        for done in range(1, 201):
            progress("training", done, 200)
        progress("nothing to do", 0, 0)
        for pages in (1, 2, 2):
            progress("query", pages, 0, f"{pages}00 rows")
    lines = capsys.readouterr().err.splitlines()
    queries = ["query 1 100 rows", "query 2 200 rows"]
    tenths = [f"training {done}/200" for done in range(20, 201, 20)]
    assert lines == ["training 1/200", *tenths, "nothing to do 0/0", *queries]
