"""A model that needs a module from outside skyclass: without it, one line names the module."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.test_classifier import SPEC
from skyclass.errors import ModelError
from skyclass.images import registry as image_registry
from skyclass.images.image_type import ImageType
from skyclass.images.registry import register_image_type
from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import load_model, save_model
from skyclass.models.spec_file import SPEC_FILE, read_spec
from skyclass.surveys import registry as survey_registry
from skyclass.surveys.registry import get_survey, register_survey


def double(flux: torch.Tensor) -> torch.Tensor:
    return 2 * flux


def show(images: torch.Tensor) -> torch.Tensor:
    return images.expand(-1, 3, -1, -1)


def open_unit(*_arguments: object) -> tuple[()]:
    return ()


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Save a model whose image type and survey are those of this module, then forget both."""
    with monkeypatch.context() as patch:
        patch.setattr(image_registry, "_TYPES", dict(image_registry._TYPES))
        patch.setattr(survey_registry, "_surveys", dict(survey_registry._surveys))
        sdss = get_survey("sdss")
        register_survey(replace(sdss, name="copy", open_unit=open_unit, frames=None, pictures=()))
        register_image_type(ImageType("twice-r", ("r",), 1, "twice the flux in r", double, show))
        save_model(Classifier(replace(SPEC, image_type="twice-r", survey="copy")), tmp_path)
        assert load_model(tmp_path).spec.image_type == "twice-r"
    return tmp_path


def test_the_modules_are_written_down(saved: Path) -> None:
    assert read_spec(saved).plugins == {"survey": __name__, "image_type": __name__}


def test_the_line_names_what_is_missing_and_its_module(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=rf"survey 'copy', which is not .*\({__name__}\)$"):
        load_model(saved)
    monkeypatch.setattr(survey_registry, "_surveys", dict(survey_registry._surveys))
    register_survey(replace(get_survey("sdss"), name="copy", frames=None, pictures=()))
    with pytest.raises(ModelError, match=rf"image type 'twice-r', which .*\({__name__}\)$"):
        load_model(saved)


def test_types_and_surveys_of_skyclass_need_no_module(tmp_path: Path) -> None:
    for image_type in ("gri", "grey:each", "lupton:irg:q=3", "colours", "sdss-jpeg"):
        bands = ("red", "green", "blue") if image_type == "sdss-jpeg" else SPEC.bands
        spec = replace(SPEC, image_type=image_type, bands=bands, crop=None, registration="none")
        save_model(Classifier(spec), tmp_path)
        assert read_spec(tmp_path).plugins == {}


def test_the_module_of_a_network_in_an_older_file(tmp_path: Path) -> None:
    save_model(Classifier(SPEC), tmp_path)
    values = json.loads((tmp_path / SPEC_FILE).read_text())
    del values["plugins"]
    values |= {"network": "absent", "network_module": "their_networks"}
    (tmp_path / SPEC_FILE).write_text(json.dumps(values))
    with pytest.raises(ModelError, match=r"network 'absent', which .*\(their_networks\)"):
        load_model(tmp_path)
