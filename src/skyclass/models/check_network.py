"""Check the settings of an experiment's model before any work."""

from typing import Final

from skyclass.config.sections import Experiment
from skyclass.errors import ModelError
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import Renderer
from skyclass.models.classifier import compute_picture_shape
from skyclass.models.make_spec import choose_normalisation, choose_weights
from skyclass.models.presets import resolve_network
from skyclass.models.registry import check_network_name, check_patch, is_timm
from skyclass.surveys.registry import get_survey

__all__ = ["check_network"]

_ENDING: Final = ".safetensors"


def check_network(config: Experiment) -> None:
    """Check that an experiment's network exists and that its settings agree.

    Parameters
    ----------
    config
        The experiment, with its preset filled in.

    Raises
    ------
    ModelError
        If the network does not exist, weights that it needs are missing, or it does not take the
        pictures.
    """
    model, name = config.model, resolve_network(config.model.name)
    check_network_name(model.name)
    check_patch(name, model.patch)
    _check_weights(config, name)
    if is_timm(name):
        # not before it is needed: timm takes a second to import
        from skyclass.models.backbone import make_size_options

        make_size_options(name, _compute_picture_size(config), model.native, model.patch)


def _check_weights(config: Experiment, name: str) -> None:
    """Check that weights exist, and that settings which need some have them."""
    model = config.model
    if model.pretrained and not is_timm(name):
        raise ModelError(f"{name} has no pretrained weights; remove model.pretrained")
    if model.weights is not None:
        if model.weights.suffix != _ENDING:
            raise ModelError(
                f"{model.weights} is not a {_ENDING} file, and no other form is read: a pickle can"
                " run code; convert it with safetensors.torch.save_file"
            )
        if not model.weights.is_file():
            raise ModelError(f"model.weights = {model.weights}: there is no such file")
    if not model.frozen:
        return
    if choose_weights(model) is None:
        raise ModelError(
            "model.frozen = true needs trained weights; set model.pretrained = true or"
            " model.weights"
        )
    if choose_normalisation(model) == "batch" and is_timm(name):
        raise ModelError(
            'model.normalisation = "batch" is learnt, which a frozen backbone cannot; use "own" or'
            ' "symmetric"'
        )


def _compute_picture_size(config: Experiment) -> tuple[int, int]:
    """Compute rows and columns of a picture."""
    images = config.images
    source = get_image_type(images.type, config.survey.name).source
    renderer = Renderer(
        images.type,
        images.registration,
        survey=config.survey.name,
        crop=images.crop,
        size=images.size,
        resize=images.resize,
        upscaler=images.upscaler,
    )
    survey = get_survey(config.survey.name)
    side = config.cutouts.count_pixels(survey.pixel_scale) if source is None else source.width
    _, rows, columns = compute_picture_shape(renderer, side)
    return rows, columns
