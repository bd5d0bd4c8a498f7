"""How many steps a training has, and after which of them it is validated."""

from dataclasses import dataclass

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError

__all__ = ["TrainingSteps", "compute_steps"]


@dataclass(frozen=True)
class TrainingSteps:
    """A training as rounds of equally many steps, with a validation after each.

    A round is what is repeated after an interruption, and an epoch of Lightning's.
    """

    rounds: int
    """Most validations."""
    round_steps: int
    """Steps of the optimizer between them."""
    accumulate: int
    """Batches a step."""
    epoch_batches: int
    """Whole batches in a pass through the training objects, a multiple of `accumulate`."""

    @property
    def steps(self) -> int:
        """Most steps in all."""
        return self.rounds * self.round_steps

    @property
    def round_batches(self) -> int:
        """Batches of a round."""
        return self.round_steps * self.accumulate


def compute_steps(count: int, config: TrainingConfig) -> TrainingSteps:
    """Divide a training into rounds.

    Parameters
    ----------
    count
        Training objects that are drawn in an epoch.
    config
        How it learns. Steps after the last validation are left out: nothing of them could be
        kept.

    Returns
    -------
    TrainingSteps
        With at least one round.

    Raises
    ------
    TrainingError
        Where the objects do not fill the batches of a step.
    """
    batches = count // config.batch_size // config.accumulate * config.accumulate
    if batches == 0:
        times = f" times accumulate = {config.accumulate}" if config.accumulate > 1 else ""
        raise TrainingError(
            f"{count} training objects do not fill a batch of {config.batch_size}{times};"
            " lower training.batch_size"
        )
    epoch_steps = batches // config.accumulate
    steps = config.epochs * epoch_steps
    between = min(config.validate_every or epoch_steps, steps)
    return TrainingSteps(steps // between, between, config.accumulate, batches)
