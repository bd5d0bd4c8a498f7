"""Random numbers that depend on their purpose, not on the order in which they are drawn."""

from enum import IntEnum

import numpy as np

__all__ = ["RandomStream", "make_generator"]


class RandomStream(IntEnum):
    """Purposes of random numbers; each has an independent stream for each key."""

    CAMERA = 0
    BLOCK = 1
    LABELLED = 2
    NEIGHBOURS = 3
    MEASUREMENT = 4
    NOISE = 5
    SEEING = 6
    CALIBRATION = 7
    STACK = 8


def make_generator(seed: int, stream: RandomStream, *key: int) -> np.random.Generator:
    """Make the generator of one random stream.

    Parameters
    ----------
    seed
        Seed of the survey.
    stream
        Purpose of the numbers.
    *key
        Integers from -1 up, such as run, camera column and field.

    Returns
    -------
    numpy.random.Generator
        It draws the same numbers for the same arguments.
    """
    entropy = [seed, int(stream), *(number + 1 for number in key)]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))
