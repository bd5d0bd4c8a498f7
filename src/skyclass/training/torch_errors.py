"""Turn torch's errors on memory and compilation into advice on settings."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError
from skyclass.training.device import choose_precision

__all__ = ["explain_torch_errors"]


@contextmanager
def explain_torch_errors(config: TrainingConfig) -> Iterator[None]:
    """Replace torch's errors on memory and compilation by one line of advice.

    Parameters
    ----------
    config
        Settings of the training.

    Raises
    ------
    TrainingError
        If memory runs out, or the network cannot be compiled.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error)
        if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in text:
            raise TrainingError(_advise_less_memory(config)) from error
        if isinstance(error, torch._dynamo.exc.TorchDynamoException):
            raise TrainingError(
                f"torch.compile fails here ({text.splitlines()[0]}); set training.compile = false"
            ) from error
        raise


def _advise_less_memory(config: TrainingConfig) -> str:
    """Name the settings that take less memory."""
    precision = choose_precision(config)
    half = max(1, config.batch_size // 2)
    advice = f"training.batch_size = {half} with accumulate = {2 * config.accumulate}"
    if precision == "32-true":
        advice += ', or training.precision = "bf16"'
    return (
        f"memory runs out with batches of {config.batch_size} objects at precision {precision};"
        f" set {advice}"
    )
