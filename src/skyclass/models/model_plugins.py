"""The modules that a model needs from outside skyclass: noted when saved, missed in one line."""

from collections.abc import Collection
from pathlib import Path

from skyclass.errors import ModelError, SkyclassError
from skyclass.models.model_spec import ModelSpec
from skyclass.plugins import find_plugin_module
from skyclass.surveys.registry import get_survey

__all__ = ["check_model_plugins", "find_model_plugins"]


def find_model_plugins(spec: ModelSpec) -> dict[str, str]:
    """Find the modules that register what a model needs from outside skyclass.

    Parameters
    ----------
    spec
        The model; all that it needs is registered.

    Returns
    -------
    dict
        Names of modules by the fields `survey`, `image_type` and `network`.
    """
    # PyTorch is needed for image types and networks only
    from skyclass.images.registry import get_image_type
    from skyclass.models.registry import find_registered

    network = find_registered(spec.network)
    modules = {
        "survey": find_plugin_module(get_survey(spec.survey).open_unit),
        "image_type": find_plugin_module(get_image_type(spec.image_type, spec.survey).function),
        "network": None if network is None else find_plugin_module(network.create),
    }
    return {key: module for key, module in modules.items() if module is not None}


def check_model_plugins(
    spec: ModelSpec, directory: Path, kinds: Collection[str] = ("survey", "image_type", "network")
) -> None:
    """Check that what a model needs from outside skyclass is registered in this process.

    Parameters
    ----------
    spec
        The model.
    directory
        Its folder, for the message.
    kinds
        What the model needs to be used: an exported one holds its image type and network.

    Raises
    ------
    ModelError
        If something is not; the message names the module that registers it.
    """
    for key, module in spec.plugins.items():
        if key in kinds and not _is_registered(spec, key):
            raise ModelError(
                f"{directory} uses the {key.replace('_', ' ')} {getattr(spec, key)!r}, which is not"
                f" registered: import the module that registers it first ({module})"
            )


def _is_registered(spec: ModelSpec, key: str) -> bool:
    """Look a survey, an image type or a network up."""
    if key == "network":
        from skyclass.models.registry import find_registered

        return find_registered(spec.network) is not None
    try:
        if key == "image_type":
            from skyclass.images.registry import get_image_type

            get_image_type(spec.image_type, spec.survey)
        else:
            get_survey(spec.survey)
    except SkyclassError:
        return False
    return True
