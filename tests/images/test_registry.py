"""Names of image types, and what is said of invalid ones."""

import numpy as np
import pytest

from images.sky import cutouts
from skyclass.errors import ImageError
from skyclass.images.registry import (
    get_image_type,
    image_families,
    image_types,
    register_image_type,
)
from skyclass.images.renderer import render
from support.docs_examples import read_example


def test_every_name_is_known() -> None:
    assert set(image_types()) >= {"gri", "urz", "gri+urz", "ugriz", "grey:each", "sdss-jpeg"}
    for name in (*image_types(), *(family.example for family in image_families())):
        image_type = get_image_type(name)
        assert image_type.name == name
        assert image_type.description


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ugrizz", "did you mean 'ugriz'"),
        ("luptn:irg", "did you mean 'lupton:irg'"),
        ("sdss-jpg", "did you mean 'sdss-jpeg'"),
        ("lupton:irx", "needs 3 different bands of ugriz \\(survey sdss\\), got 'irx'"),
        ("lupton:iir", "3 different bands of ugriz \\(survey sdss\\), got 'iir'"),
        ("rgb:gr", "write it like 'rgb:rgu'"),
        ("lupton", "got ''"),
        ("lupton:irg:strech=2", "did you mean 'stretch'"),
        ("lupton:irg:q=x", "q must be a positive number, got 'x'"),
        ("lupton:irg:q=0", "q must be a positive number"),
        ("lupton:irg:minimum=nan", "minimum must be a number, got 'nan'"),
        ("grey:r:q=2", "grey has no parameters, got 'q=2'"),
        ("", "image type '' is unknown"),
    ],
)
def test_invalid_names(name: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        get_image_type(name)


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ImageError, match="'ugriz' is registered already"):
        register_image_type(get_image_type("ugriz"))


def test_the_image_type_of_the_documentation() -> None:
    exec(read_example("image-types.md", "An image type of your own"), {})
    flux = cutouts(3)
    images = get_image_type("square-root")(flux)
    np.testing.assert_allclose(
        images, np.sqrt(np.clip(flux[:, [1, 2, 3]], 0, None) / 10), atol=1e-6
    )
    pictures = render(flux, "square-root", registration="none")
    np.testing.assert_allclose(pictures[..., 0], 255 * images[:, 2].clip(0, 1), atol=0.51)
    assert "square-root" in image_types()
    with pytest.raises(ImageError, match="'square-root' is registered already"):
        register_image_type(get_image_type("square-root"))
