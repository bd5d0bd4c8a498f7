"""The weight of a picture is what it adds on objects that were not trained on."""

import numpy as np
import torch
from torch import nn

from skyclass.models.network import JointHead, create_head
from skyclass.training.calibrate_head import calibrate

N = 600


def make_features(helpful: float) -> tuple[torch.Tensor, np.ndarray]:
    """Make logits of a picture and of a measurement, two of each, as features."""
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, N)
    sign = 2.0 * label - 1
    logits = [helpful * sign + rng.normal(0, 1.5, N), 1.5 * sign + rng.normal(0, 1, N)]
    zero = np.zeros(N)
    features = np.stack([zero, logits[0], zero, logits[1]], axis=1)
    return torch.from_numpy(features).float(), label


def make_head() -> JointHead:
    return JointHead(nn.Identity(), 2, nn.Identity()).eval()


def test_a_picture_that_helps_counts_and_one_of_noise_does_not() -> None:
    helps, noise = make_head(), make_head()
    calibrate(helps, *make_features(1.5))
    assert helps.picture_weight >= 0.5
    temperature = calibrate(noise, *make_features(0.0))
    assert noise.picture_weight == 0
    assert 0.3 < temperature < 3


def test_the_weight_is_saved_with_the_head() -> None:
    head = create_head(3, (), 2, measured=4).eval()
    assert isinstance(head, JointHead)
    features = torch.rand(5, 7)
    whole = head(features)
    head.picture_weight.fill_(0.0)
    torch.testing.assert_close(head(features), head.measured(features[:, 3:]))
    again = create_head(3, (), 2, measured=4).eval()
    again.load_state_dict(head.state_dict())
    torch.testing.assert_close(again(features), head(features))
    assert not torch.equal(whole, head(features))


def test_every_second_picture_is_left_out_in_training() -> None:
    torch.manual_seed(1)
    head = make_head().train()
    features = torch.ones(400, 4)
    with_picture = (head(features)[:, 0] == 2).float().mean()
    assert 0.4 < with_picture < 0.6
