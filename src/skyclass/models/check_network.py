"""Refuse a model that cannot be, before any work."""

from typing import Final

from skyclass.config.sections import Experiment
from skyclass.errors import ModelError
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import Renderer
from skyclass.models.classifier import compute_picture_shape
from skyclass.models.model_spec import choose_normalisation, choose_weights
from skyclass.models.presets import resolve_network
from skyclass.models.registry import OWN, check_network_name, check_patch
from skyclass.surveys.registry import get_survey

__all__ = ["check_network"]

_ENDING: Final = ".safetensors"


def check_network(config: Experiment) -> None:
    """Check the settings of an experiment's model.

    Parameters
    ----------
    config
        The experiment, with its preset filled in.

    Raises
    ------
    ModelError
        Where the network does not exist, there are no weights where some are needed, or it does
        not take the pictures.
    """
    model, name = config.model, resolve_network(config.model.name)
    check_network_name(model.name)
    check_patch(name, model.patch)
    _check_weights(config, name)
    if name not in OWN:
        # not before it is needed: timm takes a second to import
        from skyclass.models.backbone import make_size_options

        make_size_options(name, _picture_size(config), model.native, model.patch)


def _check_weights(config: Experiment, name: str) -> None:
    """Refuse weights that cannot be, and what needs weights without any."""
    model = config.model
    if model.pretrained and name in OWN:
        raise ModelError(f"there are no pretrained weights of {name}; take model.pretrained out")
    if model.weights is not None:
        if model.weights.suffix != _ENDING:
            raise ModelError(
                f"{model.weights} is not a {_ENDING} file, and no other form is read: a pickle can"
                " run code; convert it with safetensors.torch.save_file"
            )
        if not model.weights.is_file():
            raise ModelError(f"the weights {model.weights} do not exist")
    if not model.frozen:
        return
    if choose_weights(model) is None:
        raise ModelError(
            "model.frozen keeps weights that nothing has trained; give model.pretrained = true or"
            " model.weights"
        )
    if choose_normalisation(model) == "batch" and name not in OWN:
        raise ModelError(
            'a frozen backbone cannot learn the running mean of model.normalisation = "batch";'
            " use own or symmetric"
        )


def _picture_size(config: Experiment) -> tuple[int, int]:
    """Give rows and columns of a picture."""
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
