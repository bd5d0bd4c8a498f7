"""Random numbers that depend on what they are for, not on when they are drawn."""

from enum import IntEnum

import numpy as np

__all__ = ["Use", "generator"]


class Use(IntEnum):
    """What random numbers are used for; each use of each place has a stream of its own."""

    CAMERA = 0
    BLOCK = 1
    LABELLED = 2
    NEIGHBOURS = 3
    MEASUREMENT = 4
    NOISE = 5


def generator(seed: int, use: Use, *place: int) -> np.random.Generator:
    """Make the generator of one use at one place.

    Parameters
    ----------
    seed
        Seed of the survey.
    use
        What the numbers are for.
    *place
        Whole numbers from -1 up, such as run, camera column and field.

    Returns
    -------
    numpy.random.Generator
        The same numbers for the same arguments.
    """
    entropy = [seed, int(use), *(number + 1 for number in place)]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))
