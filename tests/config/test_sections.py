"""Sizes of cutouts in pixels and in arcsec."""

import pytest

from skyclass.config.sections import CutoutConfig
from skyclass.surveys.sdss.survey import SDSS


@pytest.mark.parametrize("size", [7, 600, -1])
def test_invalid_sizes_of_cutouts(size: int) -> None:
    with pytest.raises(ValueError, match=r"size|greater"):
        CutoutConfig(size=size)


def test_sizes_in_arcsec() -> None:
    assert CutoutConfig(size=25.344, unit="arcsec").count_pixels(SDSS.pixel_scale) == 64
