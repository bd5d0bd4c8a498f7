"""Write the specification of a model as JSON, and read it again with its values checked."""

import json
import logging
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from skyclass.config.describe_error import describe_error
from skyclass.errors import ModelError
from skyclass.models.model_spec import ModelSpec
from skyclass.schema import COLOURS, DEFAULT_SURVEY

__all__ = ["SPEC_FILE", "UPSCALER_FILE", "WEIGHTS_FILE", "hash_weights", "read_spec", "write_spec"]

SPEC_FILE: Final = "config.json"
"""Name of the specification in the folder of a model."""

WEIGHTS_FILE: Final = "model.safetensors"
"""Name of the weights in the folder of a model."""

UPSCALER_FILE: Final = "upscaler.safetensors"
"""Name of the weights of an upscaler in the folder of a model."""

_NOTES: Final = {"licence", "versions"}
"""Keys of the file that are not fields of `ModelSpec`."""

_log = logging.getLogger(__name__)


def write_spec(
    spec: ModelSpec, directory: Path, *, licence: str, versions: Mapping[str, str]
) -> None:
    """Write the specification of a model.

    Parameters
    ----------
    spec
        The model.
    directory
        Folder of the model.
    licence
        Licence of the weights.
    versions
        Versions of the packages that the model was made with.
    """
    values = TypeAdapter(ModelSpec).dump_python(spec, mode="json")
    values |= {"licence": licence, "versions": dict(versions)}
    (directory / SPEC_FILE).write_text(json.dumps(values, indent=1), encoding="utf-8")


def read_spec(directory: Path) -> ModelSpec:
    """Read the specification of a model, and log what is assumed where it does not state it.

    Parameters
    ----------
    directory
        Folder of the model.

    Returns
    -------
    ModelSpec
        With the path of the upscaler's weights if it uses one.

    Raises
    ------
    ModelError
        If the file is missing or broken, or a value is not of its type or out of range.
    """
    try:
        values = json.loads((directory / SPEC_FILE).read_text(encoding="utf-8"))
        spec = TypeAdapter(ModelSpec).validate_python(_update(values, directory))
    except ValidationError as error:
        raise _make_error(directory, describe_error(error, ModelSpec)) from error
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _make_error(directory, str(error).splitlines()[0]) from error
    if spec.rules is None and spec.bands != COLOURS:
        _log.warning(
            "%s does not state how its cutouts were cut; assuming the default rules and %d pixels",
            directory / SPEC_FILE,
            spec.size,
        )
    return spec


def hash_weights(path: Path) -> str:
    """Compute what ties other files to a model's file of weights.

    Parameters
    ----------
    path
        File of weights.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _update(values: Any, directory: Path) -> dict[str, Any]:
    """Convert the content of a file, which may be an older one, to the fields of `ModelSpec`."""
    if not isinstance(values, dict):
        raise TypeError("it is not a table of names and values")
    fields = {key: value for key, value in values.items() if key not in _NOTES}
    if "origin" not in fields:
        # models saved before surveys had names are all of SDSS
        fields |= {"survey": DEFAULT_SURVEY, "origin": fields.get("survey", "")}
    if (module := fields.pop("network_module", None)) is not None:
        fields["plugins"] = {"network": module}
    if fields.get("upscaler") is not None:
        fields["upscaler"] = str(directory / UPSCALER_FILE)
    return fields


def _make_error(directory: Path, reason: str) -> ModelError:
    """Make the error about a folder that holds no model."""
    return ModelError(f"{directory} holds no usable model ({SPEC_FILE}): {reason}")
