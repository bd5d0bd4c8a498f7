"""The sections of an experiment file on the model and its training."""

import os
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from skyclass.config.section import Section

__all__ = ["AugmentationConfig", "ModelConfig", "TrainingConfig"]


def _to_text(value: object) -> object:
    """Convert a path to text."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


class ModelConfig(Section):
    """The model; keys that are not set come from the preset, if `name` is one."""

    name: str = "compact"
    """A network of skyclass, a preset, or any model of timm."""
    pretrained: bool | None = None
    """Start from weights of the Hugging Face Hub, or from fresh ones."""
    weights: Annotated[str, BeforeValidator(_to_text)] | None = None
    """Start from a file of weights (.safetensors) or a saved model: its folder, relative to the
    experiment file, the name of one that comes with skyclass, or hf://owner/name."""
    frozen: bool | None = None
    """Train the head only; the backbone keeps its weights."""
    head: tuple[int, ...] | None = None
    """Widths of the hidden layers (ReLU) between the backbone's features and the classes."""
    normalisation: Literal["own", "symmetric", "batch"] | None = None
    """Of the input: the backbone's own mean and deviation, -1 to 1 (as MobileNet's), or the
    running ones of the training objects."""
    native: bool = False
    """Resample a pretrained transformer's patch and position embeddings to the size of the
    pictures, in place of enlarging the pictures."""
    patch: int | None = Field(None, ge=1, le=32)
    """Pixels a side of a transformer's patches, with `native`."""
    columns: tuple[Literal["magnitudes", "colours", "extinction", "psf"], ...] = ()
    """Of the catalogue, joined to the image's features before the head."""
    measured: bool | None = None
    """Tell the network what was measured of the object: PSF fluxes and their errors, concentration,
    extinction, flags. By default a network of skyclass is told where the image type keeps
    fluxes and the cutouts were measured."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        """Check that weights have one source."""
        if self.pretrained and self.weights is not None:
            raise ValueError(
                "model.pretrained = true and model.weights exclude each other; remove one"
            )
        return self


class AugmentationConfig(Section):
    """How training objects are changed at random; each number is the most that is drawn."""

    turn: bool = True
    """Turn every object by a multiple of 90 degrees and mirror it."""
    rotate: bool = False
    """Turn every object by any angle."""
    shift: float = Field(0.0, ge=0, le=8)
    """Move every object, in pixels along either axis."""
    blur: float = Field(0.0, ge=0, le=4)
    """Blur with a Gaussian: standard deviation in pixels."""
    noise: float = Field(0.0, ge=0, le=4)
    """Add noise, in units of each band's own pixel noise."""
    dimming: float = Field(0.0, ge=0, le=5)
    """Dim every object, in magnitudes; the sky keeps its noise."""
    zero_point: float = Field(0.0, ge=0, le=0.5)
    """Put the zero point of each band wrong, in magnitudes either way."""
    reddening: float = Field(0.0, ge=0, le=2)
    """Put dust before the object: E(B-V) in magnitudes."""


class TrainingConfig(Section):
    """The training; keys that are not set come from the preset, if `model.name` is one."""

    seed: int | None = Field(None, ge=0)
    """Seed of the initial weights and of the order of training; by default the experiment's."""
    epochs: int = Field(30, ge=1)
    """Most passes through the training objects."""
    batch_size: int = Field(64, ge=1)
    """Objects a step."""
    accumulate: int = Field(1, ge=1)
    """Batches whose gradients are added up before a step."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    """With decoupled weight decay, or without (`weight_decay` is then not used)."""
    learning_rate: float = Field(2e-3, gt=0)
    """Peak of the schedule."""
    schedule: Literal["one-cycle", "cosine", "linear", "constant"] = "one-cycle"
    """Course of the learning rate; all but the first begin with a linear warm-up."""
    warmup: float = Field(0.0, ge=0, lt=1)
    """Share of the steps that the warm-up takes."""
    weight_decay: float = Field(0.02, ge=0)
    """Decoupled weight decay of AdamW."""
    layer_decay: float = Field(1.0, gt=0, le=1)
    """Factor on the learning rate from each layer to the one before it."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of the target that is spread over all classes."""
    average: float = Field(0.0, ge=0, lt=1)
    """Decay of the exponential moving average of the weights that is validated and kept; 0 for
    none."""
    imbalance: Literal["none", "class-weights", "balanced", "logit-adjustment", "oversample"] = (
        "none"
    )
    """What is done where classes differ in number: weigh the loss, draw classes evenly, adjust
    the logits by the class shares (Menon et al. 2021), or repeat augmented objects of small
    classes."""
    validate_every: int | None = Field(None, ge=1)
    """Steps between validations; an epoch by default."""
    monitor: Literal["loss", "accuracy"] = "loss"
    """Of the validation objects: what is best, and when training stops."""
    patience: int = Field(8, ge=1)
    """Validations without a better one before training stops."""
    threshold: float = Field(0.0, ge=0)
    """Least change that counts as better."""
    precision: Literal["auto", "32", "bf16", "fp16"] = "auto"
    """Of the arithmetic; `auto` is bf16 on a GPU that has it, 32 bit elsewhere."""
    compile: bool = False
    """Compile the network with `torch.compile`."""
    cache_features: bool = True
    """Compute the features of a frozen backbone once, where nothing changes them at random."""
    devices: int = Field(1, ge=1, le=64)
    """Processes on this machine, a device each."""
    nodes: int = Field(1, ge=1, le=1024)
    """Machines."""
    loggers: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Loggers beside TensorBoard's."""
