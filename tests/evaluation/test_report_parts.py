"""The parts of a report: choosing objects, thumbnails, attributions, maps."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from skyclass.evaluation.report.feature_map import make_feature_map
from skyclass.evaluation.report.saliency import attribute_pixels, choose_explained
from skyclass.evaluation.report.scatter_charts import project_hammer
from skyclass.evaluation.report.shown_objects import choose_objects
from skyclass.evaluation.report.thumbnails import Sprites, pack_thumbnails
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.sdss.layout import BANDS


def test_all_objects_are_chosen_where_there_are_few() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(300)
    rows = choose_objects(rng.integers(0, 3, 300), rng.integers(0, 3, 300), confidence, most=300)
    assert sorted(rows) == list(range(300))
    assert np.all(np.diff(confidence[rows]) <= 0)


def test_mistakes_are_kept_where_there_are_many() -> None:
    label = np.repeat([0, 0, 1], [5000, 30, 200])
    predicted = np.repeat([0, 1, 1], [5000, 30, 200])
    rows = choose_objects(label, predicted, np.linspace(1, 0, len(label)), most=400)
    cells = list(zip(label[rows].tolist(), predicted[rows].tolist(), strict=True))
    # 185 of each of the two large cells and all of the small one
    assert [cells.count(cell) for cell in ((0, 0), (0, 1), (1, 1))] == [185, 30, 185]
    assert len(set(rows.tolist())) == 400
    # thinned evenly, not from one end
    assert 1500 < np.median(rows[label[rows] == 0]) < 3500


def tile(sprites: Sprites, number: int) -> np.ndarray:
    """Cut one thumbnail out of its sheet."""
    sheet = sprites.sheets[number // sprites.per_sheet]
    data = base64.b64decode(sheet.uri.removeprefix("data:image/webp;base64,"))
    row, column = divmod(number % sprites.per_sheet, sprites.columns)
    image = Image.open(io.BytesIO(data))
    assert image.size == (sheet.columns * sprites.width, sheet.rows * sprites.height)
    left, top = column * sprites.width, row * sprites.height
    return np.asarray(image.crop((left, top, left + sprites.width, top + sprites.height)))


def test_thumbnails_are_where_they_are_looked_for() -> None:
    rng = np.random.default_rng(1)
    colours = rng.integers(0, 256, (1500, 3), dtype=np.uint8)
    # lower half black: y grows upwards in cutouts, downwards in pictures
    pictures = np.tile(colours[:, None, None], (1, 32, 48, 1))
    pictures[:, :16] = 0
    sprites = pack_thumbnails([pictures[:700], pictures[700:]])
    assert (sprites.width, sprites.height) == (48, 32)
    assert len(sprites.sheets) == 2
    for number in (0, 1, 31, 32, 699, 700, 1023, 1024, 1499):
        picture = tile(sprites, number)
        np.testing.assert_allclose(picture[2:14].mean((0, 1)), colours[number], atol=12)
        assert picture[18:].mean() < 12


def test_thumbnails_keep_to_their_budget() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (120, 100, 100, 3), dtype=np.uint8)
    free = pack_thumbnails([noise], budget=10**8)
    tight = pack_thumbnails([noise], budget=180_000)
    assert free.height == 96
    assert sum(len(sheet.uri) for sheet in tight.sheets) <= 180_000
    assert 24 <= tight.height < 96


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    torch.manual_seed(0)
    spec = ModelSpec(
        "object-type", ("a", "b", "c"), "ugriz", "compact", 16, BANDS, "nanomaggy", True
    )
    return Classifier(spec).eval()


def test_attributions_add_up_to_what_the_image_changes(classifier: Classifier) -> None:
    images = torch.randn(3, 5, 16, 16, generator=torch.Generator().manual_seed(1))
    blank, target = torch.zeros_like(images), torch.tensor([0, 2, 1])
    summed = attribute_pixels(classifier, images, blank, target).sum((1, 2, 3))
    with torch.no_grad():
        change = classifier.network(images) - classifier.network(blank)
    expected = change[torch.arange(3), target]
    torch.testing.assert_close(summed, expected, rtol=0.02, atol=2e-3)


def test_explains_the_surest_of_each_class_first() -> None:
    label = np.array([0, 0, 0, 1, 1, 2, 2])
    predicted = np.array([0, 0, 0, 1, 0, 2, 0])
    confidence = np.array([0.99, 0.98, 0.97, 0.6, 0.9, 0.5, 0.7])
    right, wrong = choose_explained(label, predicted, confidence, most=4)
    assert right.tolist() == [0, 3, 5, 1]
    assert wrong.tolist() == [4, 6]


def test_an_odd_object_is_an_outlier_and_neighbours_stay_neighbours() -> None:
    rng = np.random.default_rng(4)
    features = rng.normal(size=(90, 8)).astype(np.float32)
    group = np.arange(90) % 3
    features[:, 0] += 12 * group
    features[17] += 40
    layout = make_feature_map(features, outliers=3)
    assert layout.outliers[0] == 17
    places = np.delete(layout.places, 17, axis=0)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    kept = np.delete(group, 17)
    assert np.mean(kept[distance.argmin(axis=1)] == kept) > 0.95


def test_features_that_never_change_do_no_harm() -> None:
    features = np.zeros((20, 4), dtype=np.float32)
    features[:, 0] = np.arange(20)
    assert np.isfinite(make_feature_map(features).places).all()


def test_the_projection_keeps_areas() -> None:
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(1, 359, 50), rng.uniform(-80, 80, 50)
    step = 1e-3
    place = np.array(project_hammer(ra, dec))
    east, north = np.array(project_hammer(ra + step, dec)), np.array(project_hammer(ra, dec + step))
    (a, b), (c, d) = east - place, north - place
    # a patch of the sphere is step^2 cos(dec); east lies to the left, so the sign turns
    expected = -(np.radians(step) ** 2) * np.cos(np.radians(dec))
    np.testing.assert_allclose(a * d - b * c, expected, rtol=1e-3)


def test_the_projection_has_its_poles_and_edges_where_they_belong() -> None:
    x, y = project_hammer(np.array([180.0, 180.0, 0.0, 90.0]), np.array([0.0, 90.0, 0.0, 0.0]))
    np.testing.assert_allclose(y, [0, np.sqrt(2), 0, 0], atol=1e-12)
    np.testing.assert_allclose(x[:3], [0, 0, 2 * np.sqrt(2)], atol=1e-12)
    assert x[3] > 0
