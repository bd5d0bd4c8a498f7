"""What happens to a batch."""

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from skyclass.config import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.images import augment
from skyclass.models import Classifier

__all__ = ["ClassifierModule"]


class ClassifierModule(LightningModule):
    """Cross-entropy with AdamW on a one-cycle schedule, objects changed at random as asked for.

    Parameters
    ----------
    classifier
        What learns.
    config
        How it learns.
    augmentation
        How training objects are changed.
    seed
        Seed of the changes.
    """

    def __init__(
        self,
        classifier: Classifier,
        config: TrainingConfig,
        augmentation: AugmentationConfig,
        seed: int,
    ) -> None:
        super().__init__()
        self.classifier = classifier
        self.config = config
        self.augmentation = augmentation
        self.seed = seed

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], _index: int) -> Tensor:
        """Give the loss of a batch."""
        flux, offset, label = batch
        logits = self.classifier(flux, offset, self._changed)
        loss = nn.functional.cross_entropy(logits, self._for_samples(label))
        if not torch.isfinite(loss):
            raise TrainingError("the loss is not finite; lower training.learning_rate")
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], _index: int) -> None:
        """Record loss and accuracy on the validation objects."""
        flux, offset, label = batch
        label = self._for_samples(label)
        logits = self.classifier(flux, offset)
        right = (logits.argmax(1) == label).float().mean()
        loss = nn.functional.cross_entropy(logits, label)
        self.log_dict({"validation_loss": loss, "validation_accuracy": right}, on_epoch=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Give AdamW and the one-cycle schedule (Smith & Topin 2019, SPIE 11006)."""
        config = self.config
        optimizer = torch.optim.AdamW(
            self.classifier.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            config.learning_rate,
            total_steps=int(self.trainer.estimated_stepping_batches),
            pct_start=0.2,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _changed(self, flux: Tensor) -> Tensor:
        """Augment a batch."""
        # a stream for each step, so that a resumed training sees what an unbroken one would
        stream = torch.Generator().manual_seed(self.seed * 1_000_003 + self.global_step)
        bands = self.classifier.renderer.image_type.bands
        return augment(flux, self.augmentation, stream, bands)

    def _for_samples(self, label: Tensor) -> Tensor:
        """Give every sample the label of its object."""
        return label.repeat_interleave(self.classifier.samples)
