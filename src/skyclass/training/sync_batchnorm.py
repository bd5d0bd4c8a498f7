"""Batch normalisation over the batches of all processes, on CPUs too."""

import torch
from timm.layers.norm_act import convert_sync_batchnorm
from torch import Tensor, nn
from torch.distributed.nn import functional

from skyclass.training.process_rank import get_rank

__all__ = ["synchronise_batch_norm"]


def synchronise_batch_norm(module: nn.Module, on_gpu: bool) -> nn.Module:
    """Make batch normalisations see the whole batch of several processes.

    Parameters
    ----------
    module
        Changed in place; names and values of its weights stay.
    on_gpu
        Use torch's own layer, which supports GPUs only.

    Returns
    -------
    torch.nn.Module
        The same module.
    """
    if on_gpu:
        # torch's own conversion loses the activation that timm's normalisations hold
        converted: nn.Module = convert_sync_batchnorm(module)
        return converted
    for part in module.modules():
        # subclasses may do more than normalise: those keep to the batch of their process
        if type(part) in {nn.BatchNorm1d, nn.BatchNorm2d} and part.momentum is not None:
            part.__class__ = _SharedBatchNorm
    return module


class _SharedBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Mean and variance over all processes, whose batches are equally long."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Normalise `[n, channel, ...]`."""
        _, processes = get_rank()
        if not self.training or processes == 1:
            normalised: Tensor = super().forward(input)
            return normalised
        axes = [0, *range(2, input.ndim)]
        shape = [1, -1, *[1] * (input.ndim - 2)]
        mean = _average_over_processes(input.mean(axes))
        centred = input - mean.reshape(shape)
        variance = _average_over_processes(centred.square().mean(axes))
        self._update_running(mean.detach(), variance.detach(), processes * input[:, 0].numel())
        out: Tensor = centred * torch.rsqrt(variance + self.eps).reshape(shape)
        if self.weight is not None:
            out = out * self.weight.reshape(shape) + self.bias.reshape(shape)
        return out

    @torch.no_grad()
    def _update_running(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Update the running mean and (unbiased) variance."""
        values = dict(self.named_buffers())
        values["num_batches_tracked"].add_(1)
        values["running_mean"].lerp_(mean, self.momentum or 0.0)
        values["running_var"].lerp_(variance * (count / (count - 1)), self.momentum or 0.0)

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002
        """Accept any number of axes from two."""


def _average_over_processes(value: Tensor) -> Tensor:
    """Average over all processes; gradients flow back to all of them."""
    total: Tensor = functional.all_reduce(value)  # type: ignore[no-untyped-call]
    return total / get_rank()[1]
