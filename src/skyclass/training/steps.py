"""How many steps a training has, and after which of them it is validated."""

from dataclasses import dataclass

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError

__all__ = ["TrainingSteps", "compute_steps"]


@dataclass(frozen=True)
class TrainingSteps:
    """Rounds of equally many optimizer steps, with a validation after each.

    A round is the unit that is repeated after an interruption; Lightning calls it an epoch.
    """

    rounds: int
    """Most validations."""
    per_round: int
    """Optimizer steps of a round."""
    accumulate: int
    """Batches a step."""
    epoch_batches: int
    """Whole batches in a pass through the training objects, a multiple of `accumulate`."""

    @property
    def total(self) -> int:
        """Most optimizer steps in all."""
        return self.rounds * self.per_round

    @property
    def round_batches(self) -> int:
        """Batches of a round."""
        return self.per_round * self.accumulate

    @property
    def per_epoch(self) -> int:
        """Optimizer steps of a pass through the training objects."""
        return self.epoch_batches // self.accumulate


def compute_steps(count: int, config: TrainingConfig) -> TrainingSteps:
    """Divide a training into rounds.

    Parameters
    ----------
    count
        Training objects drawn in an epoch.
    config
        Epochs, batch size, accumulation and steps between validations. Steps after the last
        validation are left out: no weights of them could be kept.

    Returns
    -------
    TrainingSteps
        At least one round.

    Raises
    ------
    TrainingError
        If the objects do not fill the batches of a step.
    """
    batches = count // config.batch_size // config.accumulate * config.accumulate
    if batches == 0:
        times = f" times accumulate = {config.accumulate}" if config.accumulate > 1 else ""
        raise TrainingError(
            f"{count} training objects do not fill a batch of {config.batch_size}{times};"
            " lower training.batch_size"
        )
    epoch_steps = batches // config.accumulate
    total = config.epochs * epoch_steps
    per_round = min(config.validate_every or epoch_steps, total)
    return TrainingSteps(total // per_round, per_round, config.accumulate, batches)
