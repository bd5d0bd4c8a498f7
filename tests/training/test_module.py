"""What happens to a batch in training."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from skyclass.config import AugmentationConfig, TrainingConfig
from skyclass.images.augment import redden
from skyclass.models import Classifier, ModelSpec
from skyclass.survey import BANDS
from skyclass.training.module import ClassifierModule

pytestmark = pytest.mark.filterwarnings("ignore")


def batch(n: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(1)
    flux = torch.from_numpy(rng.normal(1, 1, (n, 5, 16, 16)).astype(np.float32))
    return flux, torch.full((n, 5, 2), 0.3), torch.arange(n) % 2


def module(image_type: str, augmentation: AugmentationConfig) -> ClassifierModule:
    torch.manual_seed(1)
    spec = ModelSpec("t", ("a", "b"), image_type, "compact", 16, BANDS, "nanomaggy", True, "shift")
    return ClassifierModule(Classifier(spec), TrainingConfig(), augmentation, seed=1)


@pytest.mark.parametrize("image_type", ["ugriz", "lupton:irg", "grey:each"])
def test_without_augmentation_the_loss_is_that_of_the_objects(image_type: str) -> None:
    plain = module(image_type, AugmentationConfig(turn=False))
    flux, offset, label = batch()
    expected = cross_entropy(
        plain.classifier(flux, offset), label.repeat_interleave(plain.classifier.samples)
    )
    torch.testing.assert_close(plain.training_step((flux, offset, label), 0), expected)


def test_augmentation_changes_the_registered_bands_of_the_type() -> None:
    dusty = module("asinh:zu", AugmentationConfig(turn=False, reddening=0.5))
    flux, offset, label = batch()
    excess = 0.5 * torch.rand(6, generator=torch.Generator().manual_seed(1_000_003))
    redder = redden(flux, excess, BANDS)
    expected = cross_entropy(dusty.classifier(redder, offset), label)
    torch.testing.assert_close(dusty.training_step((flux, offset, label), 0), expected)
    plain = cross_entropy(dusty.classifier(flux, offset), label)
    assert abs(float(plain - expected)) > 1e-4
