"""Columns of the catalogue beside the picture."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from models.test_classifier import SPEC, cutouts
from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import ModelError
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.catalog_columns import (
    compute_column_statistics,
    measure_columns,
    read_columns,
    standardise,
    write_columns,
)
from skyclass.models.classifier import Classifier
from skyclass.models.nearest_neighbours_baseline import predict_by_neighbours
from skyclass.models.saved_model import load_model, save_model
from skyclass.schema import PSF_MAGNITUDE, PSF_WIDTH, name_columns
from skyclass.surveys.sdss.layout import BANDS
from skyclass.training.train_classifier import train_classifier
from training.stored import COUNTS, LABELS, spec, write_cutouts

FUSED = replace(
    SPEC,
    columns=("colours", "extinction"),
    column_mean=(1.0, 0.5, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1),
    column_deviation=(0.5,) * 9,
)


def some_values(n: int = 40) -> np.ndarray:
    values = np.random.default_rng(2).normal(3, 2, (n, 3))
    values[::7, 1] = np.nan
    values[:, 2] = 4
    return values


def test_standardised_as_by_another_library() -> None:
    values = some_values()
    computed = standardise(values, *compute_column_statistics(values))
    scaled = StandardScaler().fit_transform(values)
    np.testing.assert_allclose(computed[:, :3], np.nan_to_num(scaled), atol=1e-6)
    np.testing.assert_array_equal(computed[:, 3:], np.isnan(values))
    nothing = np.full((3, 1), np.nan)
    np.testing.assert_array_equal(
        standardise(nothing, *compute_column_statistics(nothing)), [[0, 1]] * 3
    )


def test_the_nearest_vote() -> None:
    rng = np.random.default_rng(3)
    centres = np.array([[0, 0, 0, 0, 15], [1, 1, 1, 1, 18], [2, -1, 0, 3, 20]], float)
    label = rng.integers(0, 3, 300)
    label[label == 2] = 3  # a class that has no training objects lies between
    values = centres[np.minimum(label, 2)] + rng.normal(0, 0.3, (300, 5))
    values[::9, 0] = np.nan
    computed = predict_by_neighbours(values[:200], label[:200], values[200:], "OBAF")
    np.testing.assert_allclose(computed.sum(1), 1)
    assert not computed[:, 2].any()
    assert (computed.argmax(1) == label[200:]).mean() > 0.97
    scaler = StandardScaler().fit(values[:200])
    imputer = SimpleImputer(strategy="constant", fill_value=0, add_indicator=True)
    scaled = [imputer.fit_transform(scaler.transform(v)) for v in (values[:200], values[200:])]
    other = KNeighborsClassifier(15, weights="distance").fit(scaled[0], label[:200])
    np.testing.assert_allclose(computed[:, [0, 1, 3]], other.predict_proba(scaled[1]), atol=1e-4)


def test_the_head_sees_the_columns(tmp_path: Path) -> None:
    torch.manual_seed(4)
    classifier = Classifier(FUSED).eval()
    flux, offset = cutouts(4)
    columns = np.random.default_rng(5).normal(0, 1, (4, 9)).astype(np.float32)
    columns[1, 3] = np.nan
    with torch.no_grad():
        tensors = [torch.from_numpy(values) for values in (flux, offset, columns)]
        features = classifier.embed(tensors[0], tensors[1], columns=tensors[2])
        plain = classifier.network.embed(classifier.renderer(tensors[0], tensors[1]))
        logits = classifier(tensors[0], tensors[1], columns=tensors[2])
    assert features.shape == (4, classifier.width) == (4, 192 + 18)
    torch.testing.assert_close(features[:, :192], plain)
    expected = standardise(columns, FUSED.column_mean, FUSED.column_deviation)
    np.testing.assert_array_equal(features[:, 192:].numpy(), expected)
    torch.testing.assert_close(classifier.head(features), logits)
    save_model(classifier, tmp_path)
    assert "colours, extinction" in (tmp_path / "README.md").read_text()
    loaded = load_model(tmp_path)
    assert loaded.spec == FUSED
    shares = loaded.probabilities(flux, offset, columns=columns)
    np.testing.assert_allclose(shares, torch.softmax(logits.double(), 1).numpy(), rtol=1e-5)
    assert np.abs(loaded.probabilities(flux, offset, columns=columns + 1) - shares).max() > 1e-4
    with pytest.raises(ModelError, match="needs the columns colours, extinction"):
        loaded.probabilities(flux, offset)


def test_every_sample_of_an_object_gets_its_columns() -> None:
    spec = replace(FUSED, image_type="grey:each", registration="none")
    classifier = Classifier(spec).eval()
    flux, _ = cutouts(2)
    columns = torch.arange(18.0).reshape(2, 9)
    with torch.no_grad():
        joined = classifier.embed(torch.from_numpy(flux), columns=columns)[:, 192:]
    assert joined.shape == (10, 18)
    torch.testing.assert_close(joined[:5], joined[:1].expand(5, -1))
    assert not torch.equal(joined[4], joined[5])


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Cutouts of nothing but noise, and a catalogue whose colours tell the class."""
    out = write_cutouts(tmp_path_factory.mktemp("stored") / "cutouts", COUNTS, noise=1e4)
    rows = [(label, split) for split, n in COUNTS.items() for label in n for _ in range(n[label])]
    catalog = pd.DataFrame(rows, columns=["label", "split"])
    numbers = np.arange(len(catalog))
    catalog = catalog.assign(ra=numbers / 100.0, dec=numbers / 200.0)
    code = catalog["label"].map(LABELS.index).to_numpy()
    rng = np.random.default_rng(6)
    for band, name in enumerate(name_columns(PSF_MAGNITUDE, BANDS)):
        catalog[name] = 18 + code * band / 2 + rng.normal(0, 0.05, len(catalog))
    return out, catalog.sample(frac=1, random_state=1).reset_index(drop=True)


def test_columns_lie_beside_the_cutouts(stored: tuple[Path, pd.DataFrame]) -> None:
    out, catalog = stored
    groups = ("magnitudes", "colours")
    write_columns(groups, catalog, out)
    test = catalog[catalog["split"] == "test"].sort_values("ra")
    computed = read_columns(groups, out, "test")
    np.testing.assert_allclose(
        computed[:, :5], test[list(name_columns(PSF_MAGNITUDE, BANDS))], atol=1e-5
    )
    np.testing.assert_allclose(computed[:, 5], computed[:, 0] - computed[:, 1], atol=1e-5)
    assert read_columns((), out, "test") is None
    with pytest.raises(ModelError, match="lacks extinction_u"):
        write_columns(("extinction",), catalog, out)
    with pytest.raises(ModelError, match=f"lacks {name_columns(PSF_WIDTH, BANDS)[0]}"):
        write_columns(("psf",), catalog, out)
    with pytest.raises(ModelError, match="no psfMag or modelMag"):
        write_columns(
            ("colours",), catalog.drop(columns=list(name_columns(PSF_MAGNITUDE, BANDS))), out
        )


@pytest.mark.parametrize("cached", [False, True])
def test_a_head_learns_from_columns_where_pictures_tell_nothing(
    stored: tuple[Path, pd.DataFrame], cached: bool, tmp_path: Path
) -> None:
    out, catalog = stored
    write_columns(("colours",), catalog, out)
    mean, deviation = compute_column_statistics(read_columns(("colours",), out, "train"))
    fields = {"columns": ("colours",), "column_mean": mean, "column_deviation": deviation}
    model = replace(spec(), **fields, normalisation="symmetric", frozen=True)
    torch.manual_seed(1)
    save_model(Classifier(model), tmp_path / "start")
    weights = load_file(tmp_path / "start" / "model.safetensors")
    weights["network.features.1.0.weight"] *= 0  # it sees nothing
    save_file(weights, tmp_path / "w.safetensors")
    model = replace(model, weights=str(tmp_path / "w.safetensors"))
    config = TrainingConfig(epochs=12, batch_size=15, learning_rate=0.02, cache_features=cached)
    changes = AugmentationConfig(turn=False)
    trained = train_classifier(out, model, config, tmp_path / "model", augmentation=changes)
    test = open_cutouts(out)["test"]
    columns = read_columns(("colours",), out, "test")
    flux = test.take(np.arange(len(test)))
    shares = trained.probabilities(flux, test.offsets(), columns=columns)
    assert (shares.argmax(1) == test.label).mean() > 0.9
    assert trained.spec.weights == "w.safetensors"


def test_columns_measured_on_frames() -> None:
    flux = np.array([[1.0, 10, 100, 100, -1]])
    computed = measure_columns(("colours", "magnitudes"), flux)
    np.testing.assert_allclose(computed[0, :4], [2.5, 2.5, 0, np.nan], atol=1e-6)
    np.testing.assert_allclose(computed[0, 4:], [22.5, 20, 17.5, 17.5, np.nan], atol=1e-5)
    assert measure_columns((), flux) is None
    with pytest.raises(ModelError, match="needs extinction, psf of a catalogue"):
        measure_columns(("colours", "extinction", "psf"), flux)


def test_the_specification_is_json(tmp_path: Path) -> None:
    save_model(Classifier(FUSED), tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    assert values["columns"] == ["colours", "extinction"]
    assert values["licence"] == "bsd-3-clause"
    assert values["versions"].keys() == {"skyclass", "numpy", "safetensors", "timm", "torch"}
