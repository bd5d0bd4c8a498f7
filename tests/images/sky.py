"""Cutouts made up for the tests of images."""

import numpy as np
from numpy.typing import NDArray


def cutouts(n: int = 12, size: int = 64) -> NDArray[np.float32]:
    """Stars near the centre, noise around, `[n, 5, size, size]` nanomaggies."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    star = np.exp(-((x - 0.1) ** 2 + (y - 0.6) ** 2) / 6)
    flux = rng.normal(0, 0.05, (n, 5, size, size)) + 10 ** rng.uniform(-1, 2, (n, 5, 1, 1)) * star
    return flux.astype(np.float32)


def star(offset: tuple[float, float], sigma: float = 1.5, size: int = 64) -> NDArray[np.float64]:
    """One round star, `offset` pixels in y and x from the centre, of flux 1."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    square = (y - offset[0]) ** 2 + (x - offset[1]) ** 2
    return np.exp(-square / (2 * sigma**2)) / (2 * np.pi * sigma**2)


def centroid(image: NDArray[np.float64]) -> tuple[float, float]:
    """Measure the centre of light in y and x, from the centre of the image."""
    rows, columns = (np.arange(side) - (side - 1) / 2 for side in image.shape)
    total = image.sum()
    return float(rows @ image.sum(1) / total), float(columns @ image.sum(0) / total)
