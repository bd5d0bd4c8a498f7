"""Check the settings of an experiment's model, and its initial weights, before any work."""

from functools import lru_cache

from skyclass.config.sections import Experiment, ImageConfig
from skyclass.config.training_sections import ModelConfig
from skyclass.errors import ModelError
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import Renderer
from skyclass.models.build import build_classifier
from skyclass.models.classifier import compute_picture_shape
from skyclass.models.hub_cache import download_pretrained_weights
from skyclass.models.initial_weights import locate_weights, read_stored_spec
from skyclass.models.make_spec import choose_normalisation, choose_weights
from skyclass.models.model_spec import ModelSpec
from skyclass.models.presets import resolve_network
from skyclass.models.registry import check_network_name, check_patch, is_timm
from skyclass.surveys.registry import get_survey

__all__ = ["check_network", "fetch_weights"]


def check_network(config: Experiment) -> None:
    """Check that an experiment's network exists and that its settings and weights agree.

    Parameters
    ----------
    config
        The experiment, with its preset filled in.

    Raises
    ------
    ModelError
        If the network does not exist, weights that it needs are missing or for another network, or
        it does not take the pictures.
    RemoteError
        If `model.weights` names a model of the Hugging Face Hub that cannot be had.
    """
    model, name = config.model, resolve_network(config.model.name)
    check_network_name(model.name)
    check_patch(name, model.patch)
    _check_settings(model, name)
    if is_timm(name):
        # not before it is needed: timm takes a second to import
        from skyclass.models.backbone import make_size_options

        make_size_options(name, _compute_picture_size(config), model.native, model.patch)
    if model.weights is not None:
        changed = locate_weights(model.weights).stat().st_mtime_ns
        _try_weights(model, config.images, _count_pixels(config), config.survey.name, changed)


def fetch_weights(config: Experiment) -> None:
    """Download pretrained weights that an experiment needs, unless they are cached.

    Parameters
    ----------
    config
        The experiment, checked and with its preset filled in.

    Raises
    ------
    ModelError
        If they are neither cached nor available.
    """
    if config.model.pretrained:
        download_pretrained_weights(resolve_network(config.model.name))


def _check_settings(model: ModelConfig, name: str) -> None:
    """Check that settings which need trained weights have some."""
    if model.pretrained and not is_timm(name):
        raise ModelError(f"{name} has no pretrained weights; remove model.pretrained")
    if not model.frozen:
        return
    if choose_weights(model) is None:
        raise ModelError(
            "model.frozen = true needs trained weights; set model.pretrained = true or"
            " model.weights"
        )
    stored = None if model.weights is None else read_stored_spec(locate_weights(model.weights))
    learnt = stored is not None and stored.normalisation == "batch"
    if choose_normalisation(model) == "batch" and is_timm(name) and not learnt:
        raise ModelError(
            'model.normalisation = "batch" is learnt, which a frozen backbone cannot; use "own" or'
            ' "symmetric"'
        )


# cells of a study start from the same weights
@lru_cache(maxsize=64)
def _try_weights(
    model: ModelConfig, images: ImageConfig, side: int, survey: str, _changed: int
) -> None:
    """Load initial weights into the network; its classes do not matter."""
    image_type = get_image_type(images.type, survey)
    build_classifier(
        ModelSpec(
            task="",
            labels=("one", "other"),
            image_type=images.type,
            network=resolve_network(model.name),
            size=side,
            bands=image_type.stored_bands,
            unit="",
            simulated=False,
            crop=images.crop,
            image_size=images.size,
            resize=images.resize,
            upscaler=None if images.upscaler is None else str(images.upscaler),
            normalisation=choose_normalisation(model),
            native=model.native,
            patch=model.patch,
            weights=model.weights,
            survey=survey,
        )
    )


def _count_pixels(config: Experiment) -> int:
    """Compute the pixels a side of a cutout or of a ready-made picture."""
    survey = get_survey(config.survey.name)
    source = get_image_type(config.images.type, survey.name).source
    return config.cutouts.count_pixels(survey.pixel_scale) if source is None else source.width


def _compute_picture_size(config: Experiment) -> tuple[int, int]:
    """Compute rows and columns of a picture."""
    images = config.images
    renderer = Renderer(
        images.type,
        images.registration,
        survey=config.survey.name,
        crop=images.crop,
        size=images.size,
        resize=images.resize,
        upscaler=images.upscaler,
    )
    _, rows, columns = compute_picture_shape(renderer, _count_pixels(config))
    return rows, columns
