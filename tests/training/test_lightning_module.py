"""What happens to a batch in training."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.images.augment import redden
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.sdss.layout import BANDS
from skyclass.surveys.sdss.survey import SDSS
from skyclass.training.dataloader import CutoutBatch
from skyclass.training.lightning_module import ClassifierModule
from skyclass.training.steps import TrainingSteps

pytestmark = pytest.mark.filterwarnings("ignore")


def batch(n: int = 6) -> CutoutBatch:
    rng = np.random.default_rng(1)
    flux = torch.from_numpy(rng.normal(1, 1, (n, 5, 16, 16)).astype(np.float32))
    return CutoutBatch(flux, torch.full((n, 5, 2), 0.3), torch.arange(n) % 2, torch.arange(n))


def module(
    image_type: str = "ugriz",
    augmentation: AugmentationConfig | None = None,
    *,
    frozen: bool = False,
    **training: object,
) -> ClassifierModule:
    torch.manual_seed(1)
    spec = ModelSpec("t", ("a", "b"), image_type, "compact", 16, BANDS, "nanomaggy", True, "shift")
    return ClassifierModule(
        Classifier(spec),
        TrainingConfig(**training),
        augmentation or AugmentationConfig(turn=False),
        TrainingSteps(10, 4, 1, 4),
        counts=torch.tensor([3, 3]),
        names=["1237", None, "1239", "1240", "1241", "1242"],
        seed=1,
        frozen=frozen,
    )


@pytest.mark.parametrize("image_type", ["ugriz", "lupton:irg", "grey:each"])
def test_without_augmentation_the_loss_is_that_of_the_objects(image_type: str) -> None:
    plain, objects = module(image_type), batch()
    logits = plain.classifier(objects.flux, objects.offset)
    expected = cross_entropy(logits, objects.label.repeat_interleave(plain.classifier.samples))
    torch.testing.assert_close(plain.training_step(objects, 0), expected)


def test_augmentation_changes_the_registered_bands_of_the_type() -> None:
    dusty, objects = module("asinh:zu", AugmentationConfig(turn=False, reddening=0.5)), batch()
    # no noise, so that none is added
    objects.flux[..., 8:] = 0
    objects.flux[..., :8, :] = 0
    excess = 0.5 * torch.rand(6, generator=torch.Generator().manual_seed(1_000_003))
    redder = redden(objects.flux, excess, [band.extinction for band in SDSS.bands])
    expected = cross_entropy(dusty.classifier(redder, objects.offset), objects.label)
    torch.testing.assert_close(dusty.training_step(objects, 0), expected)
    plain = cross_entropy(dusty.classifier(objects.flux, objects.offset), objects.label)
    assert abs(float(plain - expected)) > 1e-4


def test_every_batch_of_a_step_is_changed_differently() -> None:
    dusty, objects = module("asinh:zu", AugmentationConfig(turn=False, reddening=0.5)), batch()
    losses = [float(dusty.training_step(objects, number).detach()) for number in (0, 1, 0)]
    assert losses[0] != losses[1]
    # batch normalisation moves its running mean, which training does not read
    assert losses[0] == pytest.approx(losses[2], rel=1e-6)


def test_a_loss_that_is_not_finite_names_the_objects() -> None:
    broken, objects = module(), batch()
    with torch.no_grad():
        broken.classifier.head.weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"batch 2; .*learning_rate.*: 1237, row 1, 1239, 1240"):
        broken.training_step(objects, 2)


def test_a_frozen_backbone_stays_as_it_is() -> None:
    frozen = module(frozen=True)
    before = {k: v.clone() for k, v in frozen.classifier.state_dict().items()}
    optimizer = frozen.configure_optimizers()["optimizer"]
    frozen.train()
    frozen.training_step(batch(), 0).backward()
    optimizer.step()
    after = frozen.classifier.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed == {"network.head.weight", "network.head.bias"}


def test_the_moving_average_follows_the_schedule() -> None:
    followed = module(average=0.5)
    assert followed.kept is followed.average is not None
    weight = followed.classifier.head.weight
    expected = weight.detach().clone().double()
    # Tensorflow's ExponentialMovingAverage: decay = min(decay, (1 + n) / (10 + n))
    for decay in (0.1, 2 / 11, 0.25):
        with torch.no_grad():
            weight.add_(1.0)
        followed._update_average(followed.average)
        expected = decay * expected + (1 - decay) * weight.detach().double()
    torch.testing.assert_close(followed.average.head.weight.double(), expected, rtol=1e-5, atol=0)
    assert not any(p.requires_grad for p in followed.average.parameters())


def test_a_compiled_network_gives_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda f: compiled.append(f) or f)
    plain, fast, objects = module(), module(compile=True), batch()
    torch.testing.assert_close(fast.training_step(objects, 0), plain.training_step(objects, 0))
    assert len(compiled) == 1
    assert fast.classifier.state_dict().keys() == plain.classifier.state_dict().keys()
