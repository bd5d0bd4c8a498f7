"""Fields are classified as their model was trained; folders that are not models."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from astropy.coordinates import SkyCoord

from skyclass.config.sections import CutoutConfig
from skyclass.errors import InferenceError
from skyclass.images.align_bands import align_bands
from skyclass.images.cutout import cut_frames
from skyclass.inference.classify import classify
from skyclass.inference.classify_field import classify_field
from skyclass.inference.read_result import read_result
from skyclass.inference.table_metadata import TableMetadata
from skyclass.measurement.detect import detect
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import load_model, save_model
from skyclass.surveys.sdss.layout import BANDS, Field, find_fields, find_frame
from skyclass.surveys.sdss.reader import open_field

SPEC = ("t", ("a", "b"), "asinh", "compact", 32, BANDS, "nanomaggy", True, "shift")


def test_the_directory_of_an_experiment_is_not_its_model(tmp_path: Path) -> None:
    (tmp_path / "experiment" / "model").mkdir(parents=True)
    with pytest.raises(InferenceError, match=r"its model is .*experiment.model$"):
        classify([tmp_path], tmp_path / "experiment", tmp_path / "x.csv")


def test_rows_of_a_field_that_is_not_among_the_inputs(
    pair: tuple[Path, Field, Field], tmp_path: Path
) -> None:
    frames, first, second = pair
    torch.manual_seed(1)
    save_model(Classifier(ModelSpec(*SPEC, rules=CutoutConfig(size=32))), tmp_path / "model")
    paths = [find_frame(frames, field, "r") for field in (first, second)]
    reports: list[TableMetadata] = []
    alone, both = (
        classify(inputs, tmp_path / "model", tmp_path / name, report=reports.append)
        for inputs, name in ((paths[0], "alone.parquet"), (paths, "both.csv"))
    )
    detected = detect(open_field(frames, first)[2])
    assert len(alone) + sum(reports[0].left_out.values()) == len(detected)
    assert set(reports[0].left_out) <= {"beyond the frame in a band"}
    _, metadata = read_result(tmp_path / "alone.parquet")
    assert metadata == reports[0]
    lent = alone["flags"].str.contains("other_field:ugriz").to_numpy()
    np.testing.assert_array_equal(lent, (alone["y"] < 64) | (alone["y"] >= 1425))
    assert (alone["y"] >= 1425).sum() > 1
    # the second field takes its own rows back
    flagged = both[both["flags"].str.contains("other_field")]
    assert (flagged.loc[flagged["field"] == first.field, "y"] < 64).all()
    assert (flagged.loc[flagged["field"] == second.field, "y"] >= 1425).all()
    places = SkyCoord(both["ra"], both["dec"], unit="deg")
    mine, others = (places[both["field"] == field.field] for field in (first, second))
    assert mine.match_to_catalog_sky(others)[1].arcsec.min() > 1
    # and no source of the seam is lost
    seam = SkyCoord(*alone.loc[alone["y"] >= 1430, ["ra", "dec"]].to_numpy().T, unit="deg")
    assert np.median(seam.match_to_catalog_sky(others)[1].arcsec) < 1


def test_a_field_is_registered_as_the_model_says(plain_survey: Path, tmp_path: Path) -> None:
    field, folder = next(iter(find_fields([plain_survey / "frames"]).items()))
    spec = ModelSpec(
        "t", ("a", "b"), "lupton:irg", "compact", 32, BANDS, "nanomaggy", True, "shift"
    )
    torch.manual_seed(1)
    classifier = Classifier(spec)
    classifier.network.head.weight.data *= 100  # a new network is sure of nothing
    save_model(classifier, tmp_path)
    table = classify_field(folder, field, load_model(tmp_path)).table
    table = table[table["y"].between(64, 1424)]  # the rest may be completed by the next field
    cut = cut_frames(open_field(folder, field), table["ra"], table["dec"], 32)
    by_hand = Classifier(replace(spec, registration="none"))
    by_hand.load_state_dict(classifier.state_dict())
    flux = align_bands(torch.from_numpy(cut.flux), torch.from_numpy(cut.offset)).numpy()
    shares = table[["p_a", "p_b"]].to_numpy()
    apart = np.abs(shares - by_hand.probabilities(flux)).max()
    assert apart < 0.05 * np.abs(shares - by_hand.probabilities(cut.flux)).max()
