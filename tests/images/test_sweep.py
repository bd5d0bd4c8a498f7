"""Sweeps of image types and their ranking."""

import numpy as np
import pytest

from images.sky import star
from skyclass.errors import ImageError
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import render
from skyclass.images.sweep import expand_sweep, rank_image_types


def test_a_sweep_is_every_combination() -> None:
    names = expand_sweep("lupton:irg", ["q=2,8,20", "stretch=0.01,0.02,0.1"])
    assert len(set(names)) == 9
    assert names[0] == "lupton:irg:q=2:stretch=0.01"
    assert expand_sweep("gri", ["q=2"]) == ["percentile:gri:q=2"]
    assert expand_sweep("lupton:irg:q=3:minimum=0.1", ["q=2"]) == ["lupton:irg:minimum=0.1:q=2"]
    mappings = expand_sweep("lupton", ["mapping=all"])
    assert len({get_image_type(name).bands for name in mappings}) == 60
    assert expand_sweep("lupton:irg", ["mapping=gri,zru", "q=2"])[1] == "lupton:zru:q=2"


@pytest.mark.parametrize(
    ("name", "axis", "message"),
    [
        ("lupton:irg", "strech=2", "did you mean 'stretch'"),
        ("lupton:irg", "q", "sweep 'q' has no values"),
        ("lupton:irg", "q=2,,3", "write it like 'q=2,8,20'"),
        ("gri+urz", "q=2", "has no parameters to sweep"),
    ],
)
def test_invalid_sweeps(name: str, axis: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        expand_sweep(name, [axis])


def classes(n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stars of two classes that differ in colour alone."""
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2
    colours = np.array([[1, 1, 1, 1, 1], [1, 2, 4, 6, 8]])[labels][..., None, None]
    flux = 10 ** rng.uniform(1, 2, (n, 1, 1, 1)) * star((0, 0))
    images = colours * (flux + rng.normal(0, 0.02, (n, 5, 64, 64)))
    return images.astype(np.float32), np.zeros((n, 5, 2), dtype=np.float32), labels


def test_types_that_preserve_colour_rank_above_those_that_do_not() -> None:
    table = rank_image_types(["gri", "lupton:irg", "lupton:irg:minimum=100"], *classes())
    assert table["image_type"].tolist()[0] == "lupton:irg"
    ranked = table.set_index("image_type")
    assert ranked.loc["lupton:irg", "separation"] > 0.95
    assert ranked.loc["gri", "separation"] < 0.8
    # too high a black point leaves nothing to see
    assert ranked.loc["lupton:irg:minimum=100", "visible"] == 0
    np.testing.assert_allclose(ranked["score"], ranked["visible"] * ranked["separation"])


def test_ranking_needs_classes() -> None:
    flux, offset, labels = classes(6)
    with pytest.raises(ImageError, match="must hold two classes of at least two objects"):
        rank_image_types(["gri"], flux, offset, 0 * labels)
    with pytest.raises(ImageError, match="at least 20 pixels a side to rank image types, got 12"):
        rank_image_types(["gri"], flux[..., :12, :12], offset, labels)


def test_each_type_registers_bands_in_its_own_way() -> None:
    flux, _, labels = classes(12)
    offset = np.random.default_rng(2).uniform(-0.5, 0.5, (12, 5, 2)).astype(np.float32)
    steps: list[tuple[object, ...]] = []
    table = rank_image_types(
        ["gri", "lupton:irg"], flux, offset, labels, progress=lambda *step: steps.append(step)
    )
    assert steps == [("image types", 1, 2), ("image types", 2, 2)]
    assert table.index.tolist() == [1, 2]
    y, x = np.mgrid[:64, :64] - 31.5
    distance = np.hypot(y, x)
    for name, given in (("gri", None), ("lupton:irg", offset)):
        grey = render(flux, name, offset=given) / 255 @ [0.299, 0.587, 0.114]
        sky = grey[:, distance > 10]
        contrast = grey[:, distance < 3].mean(1) - sky.mean(1)
        seen = np.clip(contrast / (sky.std(1, ddof=1) + 1 / 255) / 5, 0, 1).mean()
        visible = table.set_index("image_type").loc[name, "visible"]
        assert visible == pytest.approx(seen, abs=0.01)
