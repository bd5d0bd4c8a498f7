"""Exports read back by other libraries, and Pan-STARRS beside SDSS."""

from pathlib import Path

import datasets
import h5py
import numpy as np
import pytest
import zarr
from astropy.io import fits
from astropy.wcs import WCS
from typer.testing import CliRunner

from skyclass.catalog.build_catalog import build_catalog
from skyclass.cli import app
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError
from skyclass.images.export import export_cutouts
from skyclass.images.export_paths import make_safe_name
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.renderer import render
from skyclass.images.store import StoragePlan
from skyclass.images.stored_cutouts import CutoutInfo, open_cutouts, read_info
from skyclass.surveys.sdss.layout import BANDS


@pytest.fixture(scope="module")
def stored(plain_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalog = build_catalog(plain_survey / "catalog.csv", "spectral-class").table
    path = tmp_path_factory.mktemp("stored") / "c"
    make_cutouts(catalog, plain_survey / "frames", path, CutoutConfig(size=32))
    return path


def test_fits_by_class_with_world_coordinates(stored: Path, tmp_path: Path) -> None:
    out = tmp_path / "fits"
    count = export_cutouts(stored, out, "fits")
    splits = datasets.load_from_disk(str(stored))
    assert count == sum(map(len, splits.values())) == len(list(out.rglob("*.fits")))
    rows = splits["test"]
    names = splits["test"].features["label"].names
    row = rows[3]
    path = out / "test" / names[int(row["label"])] / f"{row['objid']}.fits"
    with fits.open(path) as units:
        for band, name in enumerate(BANDS):
            np.testing.assert_array_equal(units[name].data, np.float32(row["flux"][band]))
            x, y = WCS(units[name].header).all_world2pix(float(row["ra"]), float(row["dec"]), 0)
            expected = 15.5 + np.array(row["offset"][band][::-1])
            np.testing.assert_allclose([x, y], expected, atol=1e-5)
            assert units[name].header["PSFFLUX"] == pytest.approx(row["psf_flux"][band])
            assert units[name].header["FLAGS"] == row["flags"][band]


@pytest.mark.parametrize("form", ["hdf5", "zarr"])
def test_one_file_of_arrays(stored: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"c.{form}"
    export_cutouts(stored, out, form)
    root = h5py.File(out) if form == "hdf5" else zarr.open_group(str(out), mode="r")
    for split, rows in datasets.load_from_disk(str(stored)).items():
        table = rows.data
        for name in ("label", "ra", "dec", "field"):
            np.testing.assert_array_equal(root[split][name][:], table.column(name).to_numpy())
        for name in ("flux", "mask", "offset", "cd", "psf_flux"):
            np.testing.assert_array_equal(root[split][name][3], np.array(rows[3][name]))
        ids = root[split]["specobjid"][:]
        text = [i.decode() if isinstance(i, bytes) else str(i) for i in ids]
        assert text == table.column("specobjid").to_pylist()
    assert list(root.attrs["bands"]) == list(BANDS)


@pytest.mark.parametrize("name", ["gri", "lupton:irg"])
def test_pictures_that_datasets_reads(stored: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "png"
    typed = ["export-cutouts", "--cutouts", str(stored), "--out", str(out)]
    done = CliRunner().invoke(app, [*typed, "--format", "png", "--type", name])
    assert done.exit_code == 0, done.output
    info = read_info(stored)
    folders = datasets.load_dataset("imagefolder", data_dir=str(out), cache_dir=str(tmp_path / "c"))
    assert folders["train"].features["label"].names == sorted(info.labels)
    splits = datasets.load_from_disk(str(stored))
    assert set(folders) == set(splits)
    for split, rows in folders.items():
        test = open_cutouts(stored)[split]
        order = [test.column("objid").index(Path(r["image"].filename).stem) for r in rows]
        assert sorted(order) == list(range(len(test)))
        drawn = render(test.take(np.array(order)), name, offset=test.offsets()[order])
        for row, number, picture in zip(rows, order, drawn, strict=True):
            np.testing.assert_array_equal(np.asarray(row["image"]), picture[::-1])
            label = rows.features["label"].int2str(row["label"])
            assert label == info.labels[test.label[number]]


@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        ("jpg", "gri", "did you mean 'png'"),
        ("png", "grj", "did you mean"),
        ("png", "sdss-jpeg", "needs red, green, blue"),
    ],
)
def test_invalid_exports(stored: Path, tmp_path: Path, form: str, name: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        export_cutouts(stored, tmp_path / "out", form, name)
    assert not list(tmp_path.iterdir())


def test_existing_files_are_not_overwritten(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="exists already"):
        export_cutouts(stored, tmp_path, "fits")


@pytest.mark.parametrize(("form", "ending"), [("fits", ".fits"), ("png", ".png")])
def test_objects_of_one_id_are_all_written(tmp_path: Path, form: str, ending: str) -> None:
    info = CutoutInfo(
        fingerprint="f",
        size=8,
        bands=BANDS,
        labels=("a",),
        fields=1,
        off_frame=0,
        missing=0,
        simulated=True,
    )
    plan = StoragePlan(("a",), BANDS, 8, "float32", "sdss", {}, "f")
    features = datasets.Features.from_dict(plan.features)
    n, shape = 3, (5, 8, 8)
    columns = {
        "flux": np.zeros((n, *shape), np.float32),
        "mask": np.zeros((n, *shape), bool),
        "label": [0] * n,
        "specobjid": ["12", "12", "13"],
        "objid": [None] * n,
        "offset": np.zeros((n, 5, 2), np.float32),
        "cd": np.tile(np.diag([-1e-4, 1e-4]), (n, 1, 1)),
        "ra": [10.0] * n,
        "dec": [0.0] * n,
    }
    rows = datasets.Dataset.from_dict({k: columns[k] for k in features}, features)
    datasets.DatasetDict({"test": rows}).save_to_disk(str(tmp_path / "c"))
    (tmp_path / "c" / "skyclass.json").write_text(info.model_dump_json())
    assert export_cutouts(tmp_path / "c", tmp_path / "out", form) == 3
    names = {path.name for path in (tmp_path / "out").rglob(f"*{ending}")}
    assert names == {f"12{ending}", f"12-00000001{ending}", f"13{ending}"}


@pytest.mark.parametrize("label", ["../../x", "/etc", "a/b", "..", "nul\0", "x" * 300, ""])
def test_no_class_leaves_its_folder(label: str, tmp_path: Path) -> None:
    name = make_safe_name(label)
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert 0 < len(name) <= 64
