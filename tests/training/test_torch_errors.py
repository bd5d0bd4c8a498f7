"""Errors of torch that settings can mend."""

import pytest
import torch

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError
from skyclass.training.torch_errors import explain_torch_errors


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA"), MemoryError(), RuntimeError("can't allocate memory")]
)
def test_out_of_memory_names_settings_that_take_less(error: Exception) -> None:
    with (
        pytest.raises(TrainingError, match=r'batch_size = 32 with accumulate = 4, or .*"bf16"'),
        explain_torch_errors(TrainingConfig(accumulate=2, precision="32")),
    ):
        raise error
    with pytest.raises(RuntimeError, match="else"), explain_torch_errors(TrainingConfig()):
        raise RuntimeError("something else")
