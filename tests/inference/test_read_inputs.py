"""Arrays and single frames are classified like the cutouts and the directories that hold them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from astropy.nddata import CCDData, NDData
from astropy.wcs import WCS

from skyclass.cache import Cache
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError, InferenceError, SurveyError
from skyclass.inference.classify import classify
from skyclass.inference.read_inputs import FieldInput, InputSettings, read_inputs
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.surveys.sdss.layout import BANDS, Field

RULES = CutoutConfig(size=40, measure="off")
SPEC = ModelSpec(
    *("t", ("a", "b"), "ugriz", "compact", 40, BANDS, "nanomaggy", True, "none"), rules=RULES
)


@pytest.fixture
def classifier() -> Classifier:
    torch.manual_seed(1)
    return Classifier(SPEC)


@pytest.fixture
def model(classifier: Classifier, tmp_path: Path) -> Path:
    save_model(classifier, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def stars() -> np.ndarray:
    """Draw five stars of 60 pixels a side, each in the middle."""
    axis = np.arange(60) - 29.5
    star = np.exp(-(axis[:, None] ** 2 + axis**2) / 4)
    noise = np.random.default_rng(1).normal(0, 0.01, (5, 5, 60, 60))
    return star * np.arange(1, 26).reshape(5, 5, 1, 1) + noise


def test_an_array_is_cropped_and_classified(
    classifier: Classifier, model: Path, stars: np.ndarray, tmp_path: Path
) -> None:
    table = classify(stars, model, survey="sdss")
    expected = classifier.probabilities(stars[..., 10:50, 10:50].astype(np.float32))
    np.testing.assert_allclose(table[["p_a", "p_b"]], expected, atol=1e-6)
    np.savez(tmp_path / "stars.npz", flux=stars)
    read = classify(tmp_path / "stars.npz", model)
    np.testing.assert_allclose(read[["p_a", "p_b"]], expected, atol=1e-6)


def test_an_object_off_the_middle_is_warned_of(
    model: Path, stars: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    classify(stars, model)
    assert not caplog.records
    moved = np.roll(stars, 5, axis=-1)
    classify(moved, model)
    assert "5 of 5 cutouts show sources, but none within 3 pixels" in caplog.text
    caplog.clear()
    classify(moved, model, offset=np.tile([0.0, 5.0], (5, 5, 1)))
    assert not caplog.records


def test_arrays_that_cannot_be_used(model: Path, stars: np.ndarray) -> None:
    with pytest.raises(InferenceError, match=r"are of panstarrs .*the model is of sdss"):
        classify(stars, model, survey="panstarrs")
    with pytest.raises(ImageError, match="flux has 4 bands"):
        classify(stars[:, :4], model)
    with pytest.raises(InferenceError, match="flux has 31 pixels a side; at least 32"):
        classify(stars[..., :31, :31], model)
    stars[3, 1] = np.nan
    with pytest.raises(InferenceError, match=r"flux\[3\] has no finite pixel in g"):
        classify(stars, model)


def test_bands_and_units_that_are_stated(stars: np.ndarray, tmp_path: Path) -> None:
    torch.manual_seed(1)
    rules = replace(SPEC, rules=RULES.model_copy(update={"missing_band": "mask"}))
    masking = tmp_path / "masking"
    save_model(Classifier(rules), masking)
    probabilities = classify(stars, masking)["p_a"]
    flux = stars[:, ::-1] * 3.631e-6 * 1e9  # a nanomaggy is 3.631e-6 Jy
    turned = classify(flux, masking, bands="zirgu", unit="nJy")["p_a"]
    np.testing.assert_allclose(turned, probabilities, atol=1e-5)
    lacking = stars.copy()
    lacking[:, 3] = np.nan
    np.testing.assert_allclose(
        classify(stars[:, [0, 1, 2, 4]], masking, bands="ugrz", pixel_scale=0.396)["p_a"],
        classify(lacking, masking)["p_a"],
    )


@pytest.mark.parametrize("unit", ["mag(AB)", "ABmag", "m", "colour"])
def test_units_that_are_none_of_fluxes(model: Path, stars: np.ndarray, unit: str) -> None:
    with pytest.raises(InferenceError, match="is none of fluxes"):
        classify(stars, model, unit=unit)


def test_what_images_of_astropy_state_is_not_stated_again(model: Path, stars: np.ndarray) -> None:
    with pytest.raises(InferenceError, match=r"state their unit \(nmgy\) themselves"):
        classify(NDData(stars, unit="nmgy"), model, unit="nJy")
    bands = [CCDData(band, unit="nmgy", wcs=make_wcs()) for band in stars[1]]
    with pytest.raises(InferenceError, match=r"state their pixel_scale \(0\.396\)"):
        classify(bands, model, pixel_scale=0.4)


def make_wcs() -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cdelt = [-0.396 / 3600, 0.396 / 3600]
    return wcs


def test_images_of_astropy(model: Path, stars: np.ndarray) -> None:
    expected = classify(stars, model)["p_a"].to_numpy()
    image = NDData(stars * 3.631, unit="uJy", mask=np.zeros(stars.shape, bool))
    np.testing.assert_allclose(classify(image, model)["p_a"], expected, atol=1e-5)
    wcs = make_wcs()
    bands = [CCDData(band, unit="nmgy", wcs=wcs) for band in stars[1]]
    np.testing.assert_allclose(classify(bands, model)["p_a"], expected[1:2], atol=1e-5)
    with pytest.raises(InferenceError, match=r"shape \(60, 60\) is no cutout in all bands"):
        classify(bands[0], model)
    wcs.wcs.cdelt *= 2
    with pytest.raises(InferenceError, match=r"0\.792 arcsec a pixel, the model takes 0\.396"):
        classify(bands, model)
    with pytest.raises(InferenceError, match="unit 'adu' is none of fluxes"):
        classify(NDData(stars, unit="adu"), model)
    wcs.wcs.cdelt /= 2
    bands[1].mask = np.ones((60, 60), bool)
    with pytest.raises(InferenceError, match="no finite pixel in g"):
        classify(bands, model)


def test_pixels_of_another_kind(model: Path, stars: np.ndarray) -> None:
    with pytest.raises(InferenceError, match="lack i, and the model was trained without missing"):
        classify(stars[:, [0, 1, 2, 4]], model, bands="ugrz")
    with pytest.raises(SurveyError, match="survey sdss has no band 'y'"):
        classify(stars, model, bands="grizy")
    with pytest.raises(InferenceError, match="names g r, but flux has 5 different bands"):
        classify(stars, model, bands="gr")
    with pytest.raises(InferenceError, match=r"have 0\.25 arcsec a pixel, .*0\.396 \(sdss\)"):
        classify(stars, model, pixel_scale=0.25)


def test_a_single_frame_names_its_field(real_data: Path) -> None:
    folder = real_data / "sdss/frames/301/4510/4"
    found = read_inputs(
        folder / "frame-r-004510-4-0030.fits.bz2", SPEC, InputSettings(), cache=Cache("unused")
    )
    assert isinstance(found, FieldInput)
    assert dict(found.units) == {Field(301, 4510, 4, 30): folder}
