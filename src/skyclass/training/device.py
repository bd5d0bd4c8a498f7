"""Choose the device and the precision that a training computes with."""

from typing import Final, Literal

import torch

from skyclass.config.training_sections import TrainingConfig

__all__ = ["Precision", "choose_precision", "get_device", "make_autocast"]

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
"""Names that Lightning has for precisions."""

_NAMES: Final[dict[str, Precision]] = {"32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
_TYPES: Final = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def get_device() -> torch.device:
    """Return the device that a single process trains on."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_precision(config: TrainingConfig) -> Precision:
    """Choose the precision of the arithmetic; fp16 falls back to 32 bits without a GPU."""
    precision = config.precision
    if precision == "auto":
        precision = "bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "32"
    if precision == "fp16" and not torch.cuda.is_available():
        precision = "32"
    return _NAMES[precision]


def make_autocast(config: TrainingConfig) -> torch.autocast:
    """Create the context in which Lightning computes at this precision."""
    kind = _TYPES.get(choose_precision(config))
    return torch.autocast(get_device().type, kind, enabled=kind is not None)
