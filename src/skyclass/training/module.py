"""What happens to a batch."""

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from skyclass.config import TrainingConfig
from skyclass.errors import TrainingError
from skyclass.models import Classifier

__all__ = ["ClassifierModule"]


class ClassifierModule(LightningModule):
    """Cross-entropy with AdamW on a one-cycle schedule, objects turned and mirrored at random.

    Parameters
    ----------
    classifier
        What learns.
    config
        How it learns.
    seed
        Seed of the turns.
    """

    def __init__(self, classifier: Classifier, config: TrainingConfig, seed: int) -> None:
        super().__init__()
        self.classifier = classifier
        self.config = config
        self.seed = seed

    def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
        """Give the loss of a batch."""
        flux, label = batch
        loss = nn.functional.cross_entropy(self.classifier(self._turned(flux)), label)
        if not torch.isfinite(loss):
            raise TrainingError("the loss is not finite; lower training.learning_rate")
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _index: int) -> None:
        """Record loss and accuracy on the validation objects."""
        flux, label = batch
        logits = self.classifier(flux)
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

    def _turned(self, flux: Tensor) -> Tensor:
        """Turn a batch by a multiple of 90 degrees and mirror it: the sky has no up."""
        # a stream for each step, so that a resumed training sees what an unbroken one would
        stream = torch.Generator().manual_seed(self.seed * 1_000_003 + self.global_step)
        turns, mirror = torch.randint(0, 4, (2,), generator=stream).tolist()
        turned = torch.rot90(flux, turns, (2, 3))
        return turned.flip(3) if mirror % 2 else turned
