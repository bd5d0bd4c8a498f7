"""The loss: against scikit-learn, closed forms and what the paper promises."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import cross_entropy

from skyclass.config.training_sections import TrainingConfig
from skyclass.training.loss import ClassificationLoss

COUNTS = torch.tensor([80, 15, 5])
LABEL = torch.repeat_interleave(torch.arange(3), COUNTS)
LOGITS = torch.randn(100, 3, generator=torch.Generator().manual_seed(1))


def make_loss(**training: object) -> ClassificationLoss:
    return ClassificationLoss(COUNTS, TrainingConfig(**training))


def test_plain_and_smoothed_are_torchs_own() -> None:
    torch.testing.assert_close(make_loss()(LOGITS, LABEL), cross_entropy(LOGITS, LABEL))
    smoothed = cross_entropy(LOGITS, LABEL, label_smoothing=0.2)
    torch.testing.assert_close(make_loss(label_smoothing=0.2)(LOGITS, LABEL), smoothed)


def test_class_weights_are_scikit_learns() -> None:
    weight = compute_class_weight("balanced", classes=np.arange(3), y=LABEL.numpy())
    expected = cross_entropy(LOGITS, LABEL, weight=torch.tensor(weight, dtype=torch.float32))
    # over all training objects the weights are one on average, so torch's weighted mean agrees
    torch.testing.assert_close(make_loss(imbalance="class-weights")(LOGITS, LABEL), expected)


def test_weighted_losses_of_parts_add_up() -> None:
    weighted = make_loss(imbalance="class-weights")
    parts = [weighted(LOGITS[i::2], LABEL[i::2]) for i in range(2)]
    torch.testing.assert_close((parts[0] + parts[1]) / 2, weighted(LOGITS, LABEL))


@pytest.mark.parametrize(
    ("imbalance", "shares"),
    [
        ("none", [0.8, 0.15, 0.05]),
        ("logit-adjustment", [1 / 3] * 3),
        ("class-weights", [1 / 3] * 3),
    ],
)
def test_what_a_classifier_that_sees_nothing_learns(imbalance: str, shares: list[float]) -> None:
    loss, logits = make_loss(imbalance=imbalance), torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss(logits.expand(100, 3), LABEL)
        value.backward()
        return value

    optimizer.step(closure)
    torch.testing.assert_close(
        torch.softmax(logits.detach(), 0), torch.tensor(shares), atol=2e-3, rtol=0
    )
