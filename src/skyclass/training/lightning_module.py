"""What happens to a batch."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.images.augment import augment
from skyclass.models.classifier import Classifier
from skyclass.training.dataloader import Batch, FeatureBatch
from skyclass.training.loss import ClassificationLoss
from skyclass.training.nan_guard import NanGuard
from skyclass.training.optimizer import make_lr_schedule, make_optimizer
from skyclass.training.sampler import get_rank
from skyclass.training.steps import TrainingSteps

__all__ = ["ClassifierModule"]

_UNSEEN_LOSSES = 50
"""Steps between looks at the loss on a GPU."""


class ClassifierModule(LightningModule):
    """A classifier that learns.

    Parameters
    ----------
    classifier
        What learns.
    config
        How it learns.
    augmentation
        How training objects are changed.
    plan
        Steps of the training.
    counts
        Training objects of each class, `[class]`.
    names
        Object ids of the training objects, for messages.
    seed
        Seed of the changes.
    frozen
        Whether the head alone learns.
    """

    def __init__(
        self,
        classifier: Classifier,
        config: TrainingConfig,
        augmentation: AugmentationConfig,
        plan: TrainingSteps,
        *,
        counts: Tensor,
        names: Sequence[Any],
        seed: int,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        if frozen:
            classifier.network.requires_grad_(False)
            classifier.head.requires_grad_(True)
        self.classifier = classifier
        self.average = copy.deepcopy(classifier).requires_grad_(False) if config.average else None
        self._followed: Tensor
        self.register_buffer("_followed", torch.tensor(0))
        self.config = config
        self.augmentation = augmentation
        self.plan = plan
        self.objective = ClassificationLoss(counts, config)
        self.seed = seed
        self.frozen = frozen
        # a checkpoint of a frozen backbone holds the head only
        self.strict_loading = not frozen
        self._watch = NanGuard(names, _UNSEEN_LOSSES if torch.cuda.is_available() else 1)
        self._sums = torch.zeros(3, dtype=torch.float64)
        if config.compile:
            # on the instance alone: the names of its weights stay
            classifier.network.__dict__["embed"] = torch.compile(classifier.network.embed)
        self.train()

    def learnt(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Leave out of a state what a frozen backbone is started with anyway."""
        return {
            name: value.contiguous()
            for name, value in state.items()
            if not (self.frozen and "network." in name and "network.head." not in name)
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what was learnt."""
        checkpoint["state_dict"] = self.learnt(checkpoint["state_dict"])

    @property
    def kept(self) -> Classifier:
        """What is validated and kept: the average of the weights, or the weights."""
        return self.average or self.classifier

    def train(self, mode: bool = True) -> "ClassifierModule":
        """Switch to training, but not a frozen backbone: its normalisations stay as they are."""
        super().train(mode)
        if self.frozen:
            self.classifier.eval()
            self.classifier.head.train(mode)
        return self

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Give the loss of a batch."""
        number = self.current_epoch * self.plan.round_batches + index
        loss, right = self.loss(batch, number)
        self._watch.add(number, loss, batch.row)
        self.log("train_loss", loss, on_step=False, on_epoch=True, sync_dist=True)
        self.log("train_accuracy", right, on_step=False, on_epoch=True, sync_dist=True)
        return loss

    def loss(self, batch: Batch, number: int) -> tuple[Tensor, Tensor]:
        """Give loss and share of right answers of a batch by its number in the training."""
        # one stream a batch, so that a resumed training sees what an unbroken one would
        stream = self.seed * 1_000_003 + number + 2**40 * get_rank()[0]
        torch.manual_seed(stream)
        logits = self.logits(self.classifier, batch, torch.Generator().manual_seed(stream))
        label = self._for_samples(batch.label)
        right = (logits.detach().argmax(1) == label).float().mean()
        return self.objective(logits, label), right

    def logits(
        self, classifier: Classifier, batch: Batch, stream: torch.Generator | None = None
    ) -> Tensor:
        """Give logits `[n * samples, class]`; cutouts are changed where a stream is given."""
        if isinstance(batch, FeatureBatch):
            features = batch.features
        else:
            bands, survey = classifier.renderer.image_type.bands, classifier.spec.survey

            def change(flux: Tensor) -> Tensor:
                return augment(flux, self.augmentation, stream, bands, survey) if stream else flux

            with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
                features = classifier.embed(batch.flux, batch.offset, change, batch.columns)
        logits: Tensor = classifier.head(features)
        return logits

    def optimizer_step(self, *arguments: Any, **options: Any) -> None:
        """Make a step, and let the average follow."""
        super().optimizer_step(*arguments, **options)
        if self.average is not None:
            self._follow(self.average)

    @torch.no_grad()
    def _follow(self, average: Classifier) -> None:
        """Move the average on; it follows faster at first (as TensorFlow's does)."""
        count = int(self._followed)
        share = 1 - min(self.config.average, (1 + count) / (10 + count))
        values = self.classifier.state_dict()
        for name, value in average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(values[name].to(value.dtype), share)
            else:
                value.copy_(values[name])
        self._followed += 1

    def on_validation_epoch_start(self) -> None:
        """Look at the losses of the round, and begin to count."""
        self._watch.look()
        self._sums = torch.zeros(3, dtype=torch.float64, device=self.device)

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Count the loss and the right answers on the validation objects."""
        label = self._for_samples(batch.label)
        logits = self.logits(self.kept, batch).float()
        loss = nn.functional.cross_entropy(logits, label, reduction="sum")
        right = (logits.argmax(1) == label).sum()
        self._sums += torch.stack([loss.double(), right.double(), right.new_tensor(len(label))])

    def on_validation_epoch_end(self) -> None:
        """Record loss and accuracy over the objects of all processes."""
        loss, right, count = self.trainer.strategy.reduce(self._sums, reduce_op="sum")
        if not torch.isfinite(loss):
            raise TrainingError(
                "the validation loss is not finite; lower training.learning_rate, or set"
                ' training.precision = "32"'
            )
        self.log("validation_loss", loss / count, rank_zero_only=False)
        self.log("validation_accuracy", right / count, rank_zero_only=False)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Give the optimizer and its schedule."""
        optimizer = make_optimizer(self.classifier.network, self.config)
        schedule = make_lr_schedule(optimizer, self.config, self.plan.steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _for_samples(self, label: Tensor) -> Tensor:
        """Give every sample the label of its object."""
        return label.repeat_interleave(self.classifier.samples)
