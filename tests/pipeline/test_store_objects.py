"""What one experiment has cut, downloaded and computed serves the next, and nothing else does."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from skyclass.cache import CACHE_NAME, Cache
from skyclass.cache_contents import clear_entries, list_entries
from skyclass.config.experiment_file import read_config
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.mock_archive.server import MockArchive
from skyclass.pipeline.pixel_sources import PixelSource
from skyclass.pipeline.prepare import prepare_objects
from skyclass.pipeline.prepared_experiment import PreparedExperiment, prepare_experiment
from skyclass.pipeline.tune import sweep_learning_rate, tune
from skyclass.progress import no_progress
from skyclass.studies.study_workspace import StudyWorkspace

TEXT = """
task = "spectral-class"
[catalog]
path = "{table}"
[survey]
{survey}
[cutouts]
size = {size}
[split]
validation = 0.3
[training]
epochs = {epochs}
batch_size = 16
"""

_OPENED: list[str] = []


def _note_opening(event: str, arguments: tuple[object, ...]) -> None:
    """Note each frame that is opened, by whatever means."""
    if event in {"open", "subprocess.Popen"} and ".fits" in str(arguments):
        _OPENED.append(str(arguments))


sys.addaudithook(_note_opening)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Give the list of frames that have been opened, which a test may clear."""
    _OPENED.clear()
    yield _OPENED
    _OPENED.clear()


def write(
    folder: Path,
    source: Path,
    *,
    frames: Path | None = None,
    url: str | None = None,
    epochs: int = 1,
    size: int = 16,
) -> Path:
    """Write an experiment on the catalogue of a survey and its frames, or those of an archive."""
    place = f'base_url = "{url}"\nrate = 0' if url else f'frames = "{frames or source / "frames"}"'
    table = source / "catalog.csv"
    file = folder / f"{epochs}-{size}.toml"
    file.write_text(TEXT.format(table=table, survey=place, size=size, epochs=epochs))
    return file


def prepare(file: Path, name: str) -> PreparedExperiment:
    return prepare_experiment(file, file.parent / name)


def test_more_epochs_open_no_frame_and_take_no_space(
    plain_survey: Path, tmp_path: Path, opened: list[str]
) -> None:
    one = prepare(write(tmp_path, plain_survey), "one")
    assert len(opened) >= 10
    opened.clear()
    other = prepare(write(tmp_path, plain_survey, epochs=2), "other")
    assert not opened
    assert other.objects.info == one.objects.info
    pd.testing.assert_frame_equal(other.objects.catalog.table, one.objects.catalog.table)
    assert other.objects.catalog.report == one.objects.catalog.report
    for path in (tmp_path / "one" / "cutouts").rglob("*.arrow"):
        assert path.samefile(tmp_path / "other" / path.relative_to(tmp_path / "one"))
    prepare(write(tmp_path, plain_survey, size=24), "larger")
    assert opened


def test_searches_and_studies_use_the_same_cutouts(
    plain_survey: Path, tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, plain_survey)
    prepare(file, "one")
    opened.clear()

    class PreparedError(Exception):
        pass

    def stop(*_arguments: object, **_options: object) -> None:
        raise PreparedError

    monkeypatch.setattr("skyclass.pipeline.tune.find_learning_rate", stop)
    monkeypatch.setattr("skyclass.pipeline.tune.search_hyperparameters", stop)
    with pytest.raises(PreparedError):
        sweep_learning_rate(file, tmp_path / "rates")
    (tmp_path / "space.toml").write_text('trials = 1\n[space]\n"training.batch_size" = [8, 16]\n')
    with pytest.raises(PreparedError):
        tune(file, tmp_path / "space.toml", tmp_path / "search")
    paths = StudyWorkspace(tmp_path / "study").data("all", "query")
    cache = Cache(tmp_path / CACHE_NAME)
    objects = prepare_objects({"frames": read_config(file)}, paths, cache, no_progress)["frames"]
    assert not opened
    cutouts = [tmp_path / name / "cutouts" for name in ("one", "rates", "search")]
    assert {read_info(folder).content for folder in cutouts} == {objects.info.content}


def test_downloads_and_lacking_objects_are_asked_for_once(
    small_survey: Path, tmp_path: Path, opened: list[str]
) -> None:
    source = tmp_path / "source"
    shutil.copytree(small_survey, source)
    for frame in (source / "frames").rglob("*-0101.fits.bz2"):
        frame.unlink()
    with MockArchive(source) as archive:
        one = prepare(write(tmp_path, source, url=archive.url), "one")
        asked = archive.requests.total()
        assert asked >= 10
        opened.clear()
        other = prepare(write(tmp_path, source, url=archive.url, epochs=2), "other")
        assert not opened
        assert archive.requests.total() == asked
    assert one.objects.catalog.report.dropped["no frame in the archive"] > 0
    assert set(one.objects.catalog.table["field"]) == {100}
    assert other.objects.catalog.report == one.objects.catalog.report
    pd.testing.assert_frame_equal(other.objects.catalog.table, one.objects.catalog.table)
    # neither archive nor downloads are needed any more
    shutil.rmtree(tmp_path / CACHE_NAME / "downloads")
    prepare(write(tmp_path, source, url=archive.url, epochs=3), "third")
    # an experiment that is complete is so whichever mirror it names
    prepare(write(tmp_path, source, url="http://127.0.0.1:1", epochs=3), "third")


def test_downloads_are_shared_but_not_with_another_archive(
    plain_survey: Path, tmp_path: Path
) -> None:
    cache = Cache(tmp_path)

    def locate(url: str, table: str, **survey: object) -> Path:
        config = read_config(write(tmp_path, plain_survey, url=url))
        settings = config.survey.model_copy(update=survey)
        changed = config.model_copy(update={"survey": settings})
        return PixelSource(changed, table).locate_files(cache)

    one = locate("https://example.org", "table")
    assert one.parent == tmp_path / "downloads"
    assert locate("https://example.org", "other objects") == one
    assert locate("https://example.com", "table") != one
    assert locate("https://example.org", "table", release=16) != one
    assert locate("https://example.org", "table", frames=tmp_path / "own") == tmp_path / "own"
    # on this machine the table of objects tells which survey it is, not the port
    here = locate("http://127.0.0.1:8000", "table")
    assert locate("http://127.0.0.1:8001", "table") == here
    assert locate("http://127.0.0.1:8000", "other objects") != here


def test_changed_frames_are_cut_again(
    plain_survey: Path, tmp_path: Path, opened: list[str]
) -> None:
    own = tmp_path / "own"
    shutil.copytree(plain_survey / "frames", own)
    file = write(tmp_path, plain_survey, frames=own)
    one = prepare(file, "one")
    frame = next(own.rglob("frame-r-*-0100.fits"))
    os.utime(frame, (1, 1))
    opened.clear()
    touched = prepare(file, "one")
    assert opened
    # the same pixels, so a model that was trained on them is still up to date
    assert touched.model_mark == one.model_mark
    with fits.open(frame) as units:
        units[0].data *= 2
        units.writeto(tmp_path / frame.name, checksum=True)
    shutil.move(tmp_path / frame.name, frame)
    before = open_cutouts(tmp_path / "one" / "cutouts")["train"].take(np.arange(5))
    brighter = prepare(file, "one")
    assert brighter.model_mark != one.model_mark
    after = open_cutouts(tmp_path / "one" / "cutouts")["train"].take(np.arange(5))
    assert np.abs(after[:, 2]).sum() > 1.2 * np.abs(before[:, 2]).sum()
    np.testing.assert_array_equal(after[:, 1], before[:, 1])


def test_a_cleared_cache_leaves_experiments_whole(
    plain_survey: Path, tmp_path: Path, opened: list[str]
) -> None:
    file = write(tmp_path, plain_survey)
    one = prepare(file, "one")
    cleared = clear_entries(tmp_path)
    assert cleared.removed == 1
    assert cleared.shared > cleared.freed
    opened.clear()
    again = prepare(file, "one")
    assert not opened
    assert again.model_mark == one.model_mark
    (tmp_path / "one").rename(tmp_path / "moved")
    assert len(open_cutouts(tmp_path / "moved" / "cutouts")["train"].take([0, 1])) == 2
    # what the user removed comes back
    prepare(file, "other")
    opened.clear()
    shutil.rmtree(tmp_path / "other" / "cutouts")
    assert read_info(prepare(file, "other").objects.cutouts) == one.objects.info
    assert not opened


CUT = """
import os, signal, sys
import skyclass.images.make_cutouts as module
from skyclass.images.runners import use_threads
from skyclass.pipeline.prepared_experiment import prepare_experiment
cut, calls, limit = module.cut_field, [], int(sys.argv[3])
def counting(*arguments):
    if len(calls) == limit:
        os.kill(os.getpid(), signal.SIGKILL)
    calls.append(arguments)
    return cut(*arguments)
module.cut_field, module.use_threads = counting, lambda: use_threads(1)
prepare_experiment(sys.argv[1], sys.argv[2])
print(len(calls))
"""


def start(file: Path, name: str, limit: int = 99) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CUT, str(file), str(file.parent / name), str(limit)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_what_a_killed_experiment_had_cut_serves_another(
    plain_survey: Path, tmp_path: Path
) -> None:
    killed = start(write(tmp_path, plain_survey), "killed", limit=1)
    assert killed.communicate() == ("", None)
    assert killed.returncode == -9
    (entry,) = list_entries(tmp_path).entries
    assert not entry.complete
    # one of the two fields is left
    assert start(write(tmp_path, plain_survey, epochs=2), "other").communicate()[0] == "1\n"
    assert [each.complete for each in list_entries(tmp_path).entries] == [True]


def test_two_experiments_at_once_cut_each_field_once(plain_survey: Path, tmp_path: Path) -> None:
    files = [write(tmp_path, plain_survey, epochs=epochs) for epochs in (1, 2)]
    both = [start(file, file.stem) for file in files]
    assert sorted(process.communicate()[0] for process in both) == ["0\n", "2\n"]
    infos = {read_info(tmp_path / file.stem / "cutouts").content for file in files}
    assert len(infos) == 1
