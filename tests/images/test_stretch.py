"""Lupton composites against astropy."""

from itertools import permutations

import numpy as np
import pytest
from astropy.visualization import make_lupton_rgb

from images.sky import cutouts
from skyclass.images.renderer import render
from skyclass.surveys.sdss.layout import BANDS


@pytest.mark.parametrize(("q", "stretch", "minimum"), [(8, 0.5, 0), (2, 0.02, -0.05), (20, 3, 0.1)])
def test_every_mapping_equals_astropy(q: float, stretch: float, minimum: float) -> None:
    flux = cutouts(2)
    mappings = list(permutations(range(5), 3))
    assert len(mappings) == 60
    for index in mappings:
        name = "".join(BANDS[i] for i in index)
        name = f"lupton:{name}:q={q}:stretch={stretch}:minimum={minimum}"
        ours = render(flux, name, registration="none").astype(int)
        for one, picture in zip(flux, ours, strict=True):
            expected = make_lupton_rgb(*one[list(index)], minimum=minimum, Q=q, stretch=stretch)
            assert np.abs(picture - expected.astype(int)).max() <= 1, name
