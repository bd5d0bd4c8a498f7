"""What an evaluation says of the test objects of a small simulated survey."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from skyclass.cache import locate_cache
from skyclass.catalog.build_catalog import make_catalog
from skyclass.catalog.catalog_file import Catalog, write_catalog
from skyclass.config.sections import CatalogConfig, CutoutConfig, Experiment, SplitConfig
from skyclass.evaluation.calibration import undo_temperature
from skyclass.evaluation.metrics import Metrics
from skyclass.evaluation.scores import score
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.prediction_sets import make_prediction_sets
from skyclass.pipeline.evaluate import Evaluation, score_model
from skyclass.pipeline.measure_cutouts import classify_cutouts
from skyclass.pipeline.prepare import PreparedObjects
from skyclass.pipeline.prepared_experiment import PreparedExperiment
from skyclass.surveys.sdss.layout import BANDS
from skyclass.tasks.registry import get_task
from skyclass.workspace import Workspace


@pytest.fixture(scope="module")
def world(small_survey: Path, plain_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("scored")
    config = Experiment(
        task="spectral-class",
        catalog=CatalogConfig(path=small_survey / "catalog.csv"),
        split=SplitConfig(test=0.3, calibration=0.2),
    )
    catalog = make_catalog(config, folder / "query")
    write_catalog(catalog, folder / "catalog.parquet")
    rules = CutoutConfig(size=48)
    info = make_cutouts(catalog.table, plain_survey / "frames", folder / "cutouts", rules)
    torch.manual_seed(1)
    spec = ModelSpec(
        "spectral-class", info.labels, "ugriz", "compact", 48, BANDS, "nanomaggy", True
    )
    classifier = Classifier(spec)
    classifier.temperature = 0.2
    workspace = Workspace(folder)
    places = workspace.catalog, "source", workspace.cutouts
    objects = PreparedObjects(catalog, *places, info, locate_cache(folder))
    task = get_task("spectral-class")
    return {
        "prepared": PreparedExperiment(config, task, objects, spec, workspace),
        "classifier": classifier,
    }


@pytest.fixture(scope="module")
def found(world: dict) -> Evaluation:
    return score_model(**world)


def test_predictions_say_how_objects_were_observed(world: dict, found: Evaluation) -> None:
    table, catalog = found.table, world["prepared"].objects.catalog.table
    rows = catalog.set_index(catalog["specobjid"].map(str)).loc[table["specobjid"]]
    assert set(table["field"]) == {
        f"301-{r}-{c}-{f}"
        for r, c, f in zip(rows["run"], rows["camcol"], rows["field"], strict=True)
    }
    for band in BANDS:
        magnitudes = rows[f"psfMag_{band}"].to_numpy(np.float64, na_value=np.nan)
        np.testing.assert_array_equal(table[f"magnitude_{band}"], magnitudes)
    assert table["group"].isna().all()
    # brighter is clearer, and the simulated seeing lies between 0.8 and 2.0 arcsec
    assert table["snr_r"].corr(table["magnitude_r"], method="spearman") < -0.95
    assert table["seeing"].between(0.8, 2.0).all()
    assert table.groupby("field")["seeing"].nunique().max() == 1
    assert table["crowding"].ge(0).all()
    assert found.metrics.crowding_radius == pytest.approx(24 * 0.396)


def test_everything_is_scored(found: Evaluation) -> None:
    metrics = found.metrics
    assert Metrics.model_validate_json(metrics.model_dump_json()) == metrics
    assert metrics.baseline_name == "catalogue colours"
    assert list(metrics.baselines) == list(metrics.differences) == ["measured colours", "k-nn"]
    # measured on the same sky, and learnt on the same objects
    assert abs(metrics.baselines["measured colours"].accuracy - metrics.baseline.accuracy) < 0.15
    assert set(metrics.test.by) >= {"magnitude_r", "snr_r", "crowding"}
    for each in metrics.test.by.values():
        assert sum(b.n for b in each.bins) + each.missing == len(found.table)
    assert metrics.test.adjacent is not None
    assert metrics.test.groups is None
    assert metrics.difference.n == len(found.table)


def test_calibration_before_and_after(world: dict, found: Evaluation) -> None:
    calibration = found.metrics.calibration
    assert calibration.temperature == 0.2
    assert calibration.after.ece == found.metrics.test.ece
    test = open_cutouts(world["prepared"].workspace.cutouts)["test"]
    plain = Classifier(world["classifier"].spec)
    plain.load_state_dict(world["classifier"].state_dict())
    plain.temperature = 1.0
    shares = classify_cutouts(plain, test)
    expected = score(world["classifier"].spec.labels, test.label, shares)
    assert calibration.before.log_loss == pytest.approx(expected.log_loss)
    calibrated = found.table[[f"p_{label}" for label in world["classifier"].spec.labels]].to_numpy()
    np.testing.assert_allclose(undo_temperature(calibrated, 0.2), shares, atol=1e-9)


def test_sets_are_fitted_on_the_calibration_split(world: dict, found: Evaluation) -> None:
    labels, sets = world["classifier"].spec.labels, found.metrics.conformal
    held = open_cutouts(world["prepared"].workspace.cutouts)["calibration"]
    catalog = world["prepared"].objects.catalog.table
    assert sets.n == len(held) == (catalog["split"] == "calibration").sum()
    shares = classify_cutouts(world["classifier"], held)
    scores = np.sort(1 - shares[np.arange(len(held)), held.label])
    rank = int(np.ceil(0.9 * (len(held) + 1)))
    limit = sets.marginal.thresholds[labels[0]]
    assert limit == pytest.approx(scores[rank - 1])
    table = found.table
    inside = make_prediction_sets(table[[f"p_{label}" for label in labels]].to_numpy(), limit)
    names = table["prediction_set"].str.split("|")
    assert [set(each) - {""} for each in names] == [
        {labels[k] for k in np.flatnonzero(row)} for row in inside
    ]
    assert (names.str[0] == table["predicted"]).all()


def test_without_a_calibration_split_there_are_no_sets(world: dict) -> None:
    split = SplitConfig(test=0.3, by="field")
    # the cutouts' own calibration split is then not looked at
    prepared = world["prepared"]
    config = prepared.config.model_copy(update={"split": split})
    whole = prepared.objects.catalog
    bare = Catalog(whole.table.drop(columns=[f"psfMag_{band}" for band in BANDS]), whole.report)
    objects = replace(prepared.objects, catalog=bare)
    found = score_model(replace(prepared, config=config, objects=objects), world["classifier"])
    assert found.metrics.conformal is None
    assert "prediction_set" not in found.table
    assert found.metrics.test.groups == 2
    assert found.table["group"].notna().all()
    # magnitudes are then the measured ones
    assert found.metrics.baseline_name == "measured colours"
    assert list(found.metrics.baselines) == ["k-nn"]
    catalog = whole.table.set_index(whole.table["specobjid"].map(str))
    bright = found.table["magnitude_r"] < 19
    apart = found.table["magnitude_r"] - pd.Series(
        catalog["psfMag_r"].loc[found.table["specobjid"]].to_numpy(np.float64)
    )
    assert apart[bright].abs().median() < 0.1


def test_the_ceiling_of_simulated_objects_states_what_it_rests_on(found: Evaluation) -> None:
    ceiling = found.metrics.ceiling
    assert ceiling is not None
    assert (ceiling.sky, ceiling.draws) == ("real", 1_000)
    # 2 % of the O, B and A labels; those are 2.36 of 6.36 stars
    assert ceiling.wrong_labels == pytest.approx(0.02 * 2.36 / 6.36)
    assert ceiling.scores.n == found.metrics.test.n
    assert set(ceiling.scores.by) == set(found.metrics.test.by)
    # seven classes: chance is one in seven
    assert ceiling.scores.accuracy > 0.5
    assert ceiling.accuracy_half > 0.5
    assert ceiling.difference.accuracy_a == found.metrics.test.accuracy
    assert ceiling.difference.accuracy_b == ceiling.scores.accuracy


def test_a_catalogue_without_a_description_has_no_ceiling(world: dict, tmp_path: Path) -> None:
    config = world["prepared"].config
    copied = tmp_path / "catalog.csv"
    copied.write_bytes(config.catalog.path.read_bytes())
    moved = config.model_copy(update={"catalog": CatalogConfig(path=copied)})
    prepared = replace(world["prepared"], config=moved)
    assert score_model(prepared, world["classifier"]).metrics.ceiling is None
