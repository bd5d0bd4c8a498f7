"""What a model is told of a measurement: columns, and the features computed of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from models.made_measurement import make_measurement
from skyclass.errors import ModelError
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.models.classifier import Classifier
from skyclass.models.measured_features import MeasuredFeatures, fit_measured_scaling
from skyclass.models.measured_inputs import (
    QUANTITIES,
    complete_measured,
    make_measured_inputs,
    select_extinction,
)
from skyclass.models.model_spec import ModelSpec
from skyclass.photometry import POGSON
from skyclass.surveys.sdss.layout import BANDS
from skyclass.surveys.sdss.survey import SDSS

SPEC = ModelSpec("t", ("A", "M"), "ugriz", "compact", 24, BANDS, "nanomaggy", True, measured=BANDS)
COLOURS, DETECTED = slice(0, 4), slice(4, 9)


def tell(spec: ModelSpec = SPEC, *, shape: bool = False) -> ModelSpec:
    """Complete a specification with the scaling of made-up objects."""
    columns = make_measured_inputs(make_measurement(), spec)
    return replace(spec, measured_scaling=fit_measured_scaling(columns, shape=shape))


def test_columns_are_each_quantity_in_all_bands() -> None:
    measurement = make_measurement(3)
    extinction = np.arange(15.0).reshape(3, 5)
    columns = make_measured_inputs(measurement, SPEC, extinction)
    assert columns.dtype == np.float32
    by_name = dict(zip(QUANTITIES, columns.reshape(3, 13, 5).transpose(1, 0, 2), strict=True))
    np.testing.assert_array_equal(by_name["psf_flux"], measurement.psf_flux)
    np.testing.assert_array_equal(by_name["extinction"], extinction)
    np.testing.assert_array_equal(by_name["saturated"][0], [0, 0, 1, 0, 0])
    np.testing.assert_array_equal(by_name["edge"][1:], 0)
    some = make_measured_inputs(measurement, replace(SPEC, measured=("r", "g")), extinction)
    np.testing.assert_array_equal(some.reshape(3, 13, 2)[:, 0], measurement.psf_flux[:, [2, 1]])


def test_extinction_is_read_where_a_table_states_all_bands() -> None:
    table = pd.DataFrame({f"extinction_{band}": [0.1, np.nan] for band in BANDS})
    values = select_extinction(table, BANDS)
    assert values is not None
    np.testing.assert_array_equal(values[0], [0.1] * 5)
    assert np.isnan(values[1]).all()
    assert select_extinction(table.drop(columns="extinction_z"), BANDS) is None


def test_colours_are_those_of_asinh_magnitudes_corrected_for_dust() -> None:
    measurement = make_measurement()
    dust = np.tile(np.linspace(0.5, 0.1, 5), (len(measurement), 1))
    scaling = fit_measured_scaling(make_measured_inputs(measurement, SPEC, dust), shape=False)
    features = MeasuredFeatures(scaling)(
        torch.from_numpy(make_measured_inputs(measurement, SPEC, dust))
    ).numpy()
    softening = np.sort(measurement.psf_flux_err, axis=0)[(len(measurement) - 1) // 2]
    flux = measurement.psf_flux * 10 ** (0.4 * dust)
    colours = -np.diff(-POGSON * np.arcsinh(flux / (2 * softening)), axis=1)
    scaled = features[:, COLOURS] * scaling.scale[COLOURS] + scaling.median[COLOURS]
    inside = np.abs(features[:, COLOURS]) < 5
    np.testing.assert_allclose(scaled[inside], colours[inside], atol=1e-4)
    # all have a signal to noise of ten: it tells nothing
    np.testing.assert_allclose(features[:, DETECTED], 0, atol=1e-2)
    assert scaling.extinction == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1])


def test_unknown_extinction_counts_as_that_of_the_median_object() -> None:
    measurement = make_measurement()
    dust = np.full(measurement.psf_flux.shape, 0.3)
    known = make_measured_inputs(measurement, SPEC, dust)
    features = MeasuredFeatures(fit_measured_scaling(known, shape=False))
    unknown = make_measured_inputs(measurement, SPEC)
    torch.testing.assert_close(
        features(torch.from_numpy(unknown)), features(torch.from_numpy(known))
    )


def test_features_stay_finite_whatever_is_missing() -> None:
    columns = torch.from_numpy(make_measured_inputs(make_measurement(), SPEC))
    features = MeasuredFeatures(fit_measured_scaling(columns.numpy(), shape=True))
    for bad in (torch.nan, torch.inf, 0.0, -1e9, 1e30):
        values = features(torch.full_like(columns, bad))
        assert values.isfinite().all()
        assert values.abs().max() <= 5


def test_a_flag_that_no_training_object_has_changes_nothing() -> None:
    measurement = make_measurement()
    columns = make_measured_inputs(measurement, SPEC)
    features = MeasuredFeatures(fit_measured_scaling(columns, shape=False))
    each = columns.reshape(-1, 13, 5)
    before = features(torch.from_numpy(columns))
    each[:, QUANTITIES.index("blended")] = 1
    torch.testing.assert_close(features(torch.from_numpy(columns)), before)
    each[:, QUANTITIES.index("saturated"), 2] = 1
    assert not torch.equal(features(torch.from_numpy(columns)), before)


def test_a_model_measures_cutouts_that_come_without_a_measurement() -> None:
    torch.manual_seed(1)
    classifier = Classifier(tell())
    rng = np.random.default_rng(1)
    axis = np.arange(24) - 11.5
    star = np.exp(-(axis[:, None] ** 2 + axis**2) / 4)
    flux = rng.uniform(1, 20, (6, 5, 1, 1)) * star + rng.normal(0, 0.05, (6, 5, 24, 24))
    flux, offset = flux.astype(np.float32), np.zeros((6, 5, 2), np.float32)
    columns = make_measured_inputs(measure_cutouts(flux, offset, SDSS), classifier.spec)
    told = classifier.probabilities(flux, offset, measured=columns)
    np.testing.assert_array_equal(classifier.probabilities(flux, offset), told)
    brighter = columns * np.where(np.arange(65) % 5 == 0, 10, 1).astype(np.float32)
    assert np.abs(classifier.probabilities(flux, offset, measured=brighter) - told).max() > 1e-4
    assert complete_measured(None, replace(classifier.spec, measured=()), flux, offset) is None


def test_the_network_of_the_measurement_looks_at_no_pixel() -> None:
    torch.manual_seed(1)
    classifier = Classifier(tell(replace(SPEC, network="measurement")))
    columns = make_measured_inputs(make_measurement(4), SPEC)
    flux, offset = np.ones((4, 5, 24, 24), np.float32), np.zeros((4, 5, 2), np.float32)
    one, other = (
        classifier.probabilities(factor * flux, offset, measured=columns) for factor in (1, 9)
    )
    np.testing.assert_array_equal(one, other)
    assert len(np.unique(one[:, 0])) == 4


def test_a_model_without_its_measurement_says_so() -> None:
    classifier = Classifier(tell())
    with pytest.raises(ModelError, match="needs what was measured"):
        classifier(torch.zeros(2, 5, 24, 24), torch.zeros(2, 5, 2))
