"""The loss that training minimises."""

import torch
from torch import Tensor, nn

from skyclass.config.training_sections import TrainingConfig

__all__ = ["ClassificationLoss"]


class ClassificationLoss(nn.Module):
    """Cross-entropy, on request adapted to classes of unequal size.

    Parameters
    ----------
    counts
        Training objects of each class, `[class]`, none of them zero.
    config
        Treatment of class imbalance, and label smoothing.
    """

    def __init__(self, counts: Tensor, config: TrainingConfig) -> None:
        super().__init__()
        self._smoothing = config.label_smoothing
        weight, prior = torch.ones(len(counts)), torch.zeros(len(counts))
        if config.imbalance == "class-weights":
            # one on average over the training objects, so that the learning rate keeps its meaning
            weight = counts.sum() / (len(counts) * counts)
        if config.imbalance == "logit-adjustment":
            # Menon et al. 2021, ICLR, equation 10 with tau = 1
            prior = torch.log(counts / counts.sum())
        self._weight: Tensor
        self._prior: Tensor
        self.register_buffer("_weight", weight.float())
        self.register_buffer("_prior", prior.float())

    def forward(self, logits: Tensor, label: Tensor) -> Tensor:
        """Compute the loss of a batch.

        Parameters
        ----------
        logits
            `[n, class]`.
        label
            Classes, `[n]`.

        Returns
        -------
        torch.Tensor
            Mean over the batch, not over the weights in it: the mean over equal parts of a batch
            is that of the whole.
        """
        loss = nn.functional.cross_entropy(
            logits + self._prior, label, reduction="none", label_smoothing=self._smoothing
        )
        mean: Tensor = (self._weight[label] * loss).mean()
        return mean
