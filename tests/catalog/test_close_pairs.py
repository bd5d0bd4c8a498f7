"""Close pairs of positions against a tree of another library, and groups of them."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from skyclass.catalog.close_pairs import find_close_pairs
from skyclass.catalog.duplicates import group_positions


def unit(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)


def crowd(seed: int, count: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions around places where a sphere's coordinates are awkward."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.choice([(0, 0), (359.9999, -0.0001), (77, 89.9999), (180, -45)], count).T
    return (ra + rng.normal(0, spread, count)) % 360, np.clip(
        dec + rng.normal(0, spread, count), -90, 90
    )


@pytest.mark.parametrize(("radius", "spread"), [(0.05, 1e-4), (0.5, 1e-3), (30.0, 0.05)])
def test_pairs_are_those_of_a_tree(radius: float, spread: float) -> None:
    one, other = crowd(1, 300, spread), crowd(2, 200, spread)
    pairs = find_close_pairs(*one, *other, radius)
    chord = 2 * np.sin(np.radians(radius / 3600) / 2)
    near = cKDTree(unit(*one)).query_ball_tree(cKDTree(unit(*other)), chord)
    expected = {(i, j) for i, some in enumerate(near) for j in some}
    assert len(expected) > 50
    assert len(pairs.one) == len(expected)
    assert set(zip(pairs.one.tolist(), pairs.other.tolist(), strict=True)) == expected
    assert (np.diff(pairs.one) >= 0).all()
    assert (np.diff(pairs.distance)[np.diff(pairs.one) == 0] >= 0).all()
    apart = np.linalg.norm(unit(*one)[pairs.one] - unit(*other)[pairs.other], axis=1)
    np.testing.assert_allclose(pairs.distance, np.degrees(apart) * 3600, rtol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_the_components_of_the_pairs(seed: int) -> None:
    ra, dec = crowd(seed, 400, 1e-3)
    near = cKDTree(unit(ra, dec)).query_pairs(np.radians(0.5 / 3600), output_type="ndarray")
    links = coo_array((np.ones(len(near)), near.T), shape=(400, 400))
    components = connected_components(links, directed=False)[1]
    groups = group_positions(ra, dec, 0.5)
    assert len(np.unique(groups)) > 5
    alone = np.bincount(components)[components] == 1
    assert ((groups == 0) == alone).all()
    same = components[:, None] == components
    assert ((groups[:, None] == groups) == same)[np.ix_(~alone, ~alone)].all()


def test_a_long_chain_is_one_group() -> None:
    order = np.random.default_rng(5).permutation(3000)
    groups = group_positions(10 + order * 0.9 / 3600, np.zeros(3000), 1.0)
    assert (groups == 1).all()


def test_no_positions() -> None:
    none = np.zeros(0)
    assert len(find_close_pairs(none, none, none, none, 1.0).one) == 0
    assert len(group_positions(none, none, 1.0)) == 0
