"""What happens to a batch: changes, loss, optimizer step, moving average, validation."""

import copy
from collections.abc import Sequence
from typing import Any, Final

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.models.classifier import Classifier
from skyclass.training.augment_measured import make_change
from skyclass.training.dataloader import Batch, FeatureBatch
from skyclass.training.loss import ClassificationLoss
from skyclass.training.lr_schedule import make_lr_schedule
from skyclass.training.nan_guard import NanGuard
from skyclass.training.optimizer import make_optimizer
from skyclass.training.process_rank import get_rank
from skyclass.training.steps import TrainingSteps

__all__ = ["ClassifierModule"]

_UNCHECKED_LOSSES: Final = 50
"""Batches between checks of the loss on a GPU."""


class ClassifierModule(LightningModule):
    """A classifier in training.

    Parameters
    ----------
    classifier
        Its weights are trained in place.
    config
        Settings of the training.
    augmentation
        Random changes of the training objects.
    steps
        Steps of the training.
    counts
        Training objects of each class, `[class]`.
    names
        Object ids of the training objects, for messages.
    seed
        Seed of the changes.
    frozen
        Whether only the head is trained.
    """

    def __init__(
        self,
        classifier: Classifier,
        config: TrainingConfig,
        augmentation: AugmentationConfig,
        steps: TrainingSteps,
        *,
        counts: Tensor,
        names: Sequence[object],
        seed: int,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        if frozen:
            classifier.network.requires_grad_(False)
            classifier.head.requires_grad_(True)
        self.classifier = classifier
        self.average = copy.deepcopy(classifier).requires_grad_(False) if config.average else None
        self._averaged_steps: Tensor
        self.register_buffer("_averaged_steps", torch.tensor(0))
        self.config = config
        self.augmentation = augmentation
        self.steps = steps
        self.criterion = ClassificationLoss(counts, config)
        self.seed = seed
        self.frozen = frozen
        # a checkpoint of a frozen backbone holds the head only
        self.strict_loading = not frozen
        self._nan_guard = NanGuard(names, _UNCHECKED_LOSSES if torch.cuda.is_available() else 1)
        self._sums = torch.zeros(3, dtype=torch.float64)
        if config.compile:
            # on the instance alone: the names of its weights stay
            classifier.network.__dict__["embed"] = torch.compile(classifier.network.embed)
        self.train()

    def select_trained(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Drop the weights of a frozen backbone from a state: they never change."""
        return {
            name: value.contiguous()
            for name, value in state.items()
            if not (self.frozen and "network." in name and "network.head." not in name)
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the trained weights only."""
        checkpoint["state_dict"] = self.select_trained(checkpoint["state_dict"])

    @property
    def kept(self) -> Classifier:
        """Classifier that is validated and kept: the moving average, or the weights themselves."""
        return self.average or self.classifier

    def train(self, mode: bool = True) -> "ClassifierModule":
        """Switch to training, except a frozen backbone: its normalisations must not change."""
        super().train(mode)
        if self.frozen:
            self.classifier.eval()
            self.classifier.head.train(mode)
        return self

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Compute the loss of a batch, and log it."""
        number = self.current_epoch * self.steps.round_batches + index
        loss, accuracy = self.compute_loss(batch, number)
        self._nan_guard.add(number, loss, batch.row)
        self.log("train_loss", loss, on_step=False, on_epoch=True, sync_dist=True)
        self.log("train_accuracy", accuracy, on_step=False, on_epoch=True, sync_dist=True)
        return loss

    def compute_loss(self, batch: Batch, number: int) -> tuple[Tensor, Tensor]:
        """Compute loss and accuracy of a batch by its number in the training."""
        # one stream a batch, so that a resumed training sees what an unbroken one would
        stream = self.seed * 1_000_003 + number + 2**40 * get_rank()[0]
        torch.manual_seed(stream)
        logits = self.compute_logits(self.classifier, batch, torch.Generator().manual_seed(stream))
        label = self._repeat_for_samples(batch.label)
        accuracy = (logits.detach().argmax(1) == label).float().mean()
        return self.criterion(logits, label), accuracy

    def compute_logits(
        self, classifier: Classifier, batch: Batch, stream: torch.Generator | None = None
    ) -> Tensor:
        """Compute logits `[n * samples, class]`; a random stream also augments the cutouts."""
        logits: Tensor = classifier.head(self.compute_features(classifier, batch, stream))
        return logits

    def compute_features(
        self, classifier: Classifier, batch: Batch, stream: torch.Generator | None = None
    ) -> Tensor:
        """Compute what the head takes, `[n * samples, width]`, or read it from the batch."""
        if isinstance(batch, FeatureBatch):
            return batch.features
        change = None if stream is None else make_change(classifier, self.augmentation, stream)
        inputs = (batch.flux, batch.offset, change, batch.columns, batch.measured)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            return classifier.embed(*inputs)

    def optimizer_step(self, *arguments: Any, **options: Any) -> None:
        """Make a step, then update the moving average."""
        super().optimizer_step(*arguments, **options)
        if self.average is not None:
            self._update_average(self.average)

    @torch.no_grad()
    def _update_average(self, average: Classifier) -> None:
        """Move the average towards the weights, faster at first (as TensorFlow's does)."""
        count = int(self._averaged_steps)
        share = 1 - min(self.config.average, (1 + count) / (10 + count))
        values = self.classifier.state_dict()
        for name, value in average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(values[name].to(value.dtype), share)
            else:
                value.copy_(values[name])
        self._averaged_steps += 1

    def on_validation_epoch_start(self) -> None:
        """Check the losses of the round, and reset the sums."""
        self._nan_guard.check()
        self._sums = torch.zeros(3, dtype=torch.float64, device=self.device)

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Add up loss and correct answers on the validation objects."""
        label = self._repeat_for_samples(batch.label)
        logits = self.compute_logits(self.kept, batch).float()
        loss = nn.functional.cross_entropy(logits, label, reduction="sum")
        right = (logits.argmax(1) == label).sum()
        self._sums += torch.stack([loss.double(), right.double(), right.new_tensor(len(label))])

    def on_validation_epoch_end(self) -> None:
        """Log loss and accuracy over the objects of all processes."""
        loss, right, count = self.trainer.strategy.reduce(self._sums, reduce_op="sum")
        if not torch.isfinite(loss):
            raise TrainingError(
                "the validation loss is not finite; lower training.learning_rate, or set"
                ' training.precision = "32"'
            )
        self.log("validation_loss", loss / count, rank_zero_only=False)
        self.log("validation_accuracy", right / count, rank_zero_only=False)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Create the optimizer and its learning-rate schedule."""
        optimizer = make_optimizer(self.classifier.network, self.config)
        schedule = make_lr_schedule(optimizer, self.config, self.steps.total)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _repeat_for_samples(self, label: Tensor) -> Tensor:
        """Repeat the label of each object for its samples."""
        return label.repeat_interleave(self.classifier.samples)
