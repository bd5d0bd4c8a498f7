"""A measurement made up for the tests of models that are told of one."""

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.measurement import Flag, Measurement


def make_measurement(n: int = 40, seed: int = 3) -> Measurement:
    """Stars of all colours, with errors of a tenth; some are saturated in r."""
    rng = np.random.default_rng(seed)

    def draw(low: float, high: float) -> NDArray[np.float32]:
        return rng.uniform(low, high, (n, 5)).astype(np.float32)

    flux = 10 ** draw(0, 3)
    flags = np.zeros((n, 5), np.int32)
    flags[::7, 2] = int(Flag.SATURATED | Flag.EDGE)
    return Measurement(
        psf_flux=flux,
        psf_flux_err=flux / 10,
        aperture_flux=flux * draw(0.9, 1.1),
        psf_fwhm=draw(1.0, 1.6),
        sky_noise=draw(0.02, 0.05),
        concentration=draw(-0.1, 0.3),
        concentration_err=draw(0.01, 0.1),
        flags=flags,
    )
