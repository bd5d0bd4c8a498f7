"""Where and how exactly a training computes, and what to do where that is too much."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError

__all__ = ["choose_precision", "explain_torch_errors", "get_device", "make_autocast"]

_NAMES: Final = {"32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
_TYPES: Final = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def get_device() -> torch.device:
    """Give the device that a single process trains on."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_precision(config: TrainingConfig) -> Any:
    """Give Lightning's name of a precision; fp16 is for GPUs, elsewhere 32 bit take its place."""
    wanted = config.precision
    if wanted == "auto":
        wanted = "bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "32"
    if wanted == "fp16" and not torch.cuda.is_available():
        wanted = "32"
    return _NAMES[wanted]


def make_autocast(config: TrainingConfig) -> torch.autocast:
    """Give the context in which Lightning computes at this precision."""
    kind = _TYPES.get(choose_precision(config))
    return torch.autocast(get_device().type, kind, enabled=kind is not None)


@contextmanager
def explain_torch_errors(config: TrainingConfig) -> Iterator[None]:
    """Say what to do where memory runs out or the network cannot be compiled.

    Parameters
    ----------
    config
        What was asked for.

    Raises
    ------
    TrainingError
        In place of the error that torch raises then.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error)
        if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in text:
            raise TrainingError(_less_memory(config)) from error
        if isinstance(error, torch._dynamo.exc.TorchDynamoException):
            raise TrainingError(
                f"torch.compile fails here ({text.splitlines()[0]}); set training.compile = false"
            ) from error
        raise


def _less_memory(config: TrainingConfig) -> str:
    """Say what takes less memory."""
    name = choose_precision(config)
    half = max(1, config.batch_size // 2)
    advice = f"training.batch_size = {half} with accumulate = {2 * config.accumulate}"
    if name == _NAMES["32"]:
        advice += ', or training.precision = "bf16"'
    return f"out of memory with batches of {config.batch_size} at precision {name}; set {advice}"
