"""What many drawn objects teach of the test objects of an experiment."""

from pathlib import Path

import numpy as np

from skyclass.cache import locate_cache
from skyclass.catalog.build_catalog import make_catalog
from skyclass.config.sections import CatalogConfig, Experiment, LabelConfig
from skyclass.pipeline.estimate_ceiling import estimate_ceiling
from skyclass.tasks.registry import get_task
from skyclass.tasks.regroup import regroup


def test_drawn_objects_are_regrouped_as_the_experiment_is(
    small_survey: Path, tmp_path: Path
) -> None:
    merge = {"hot": ("O", "B", "A"), "cool": ("G", "K", "M")}
    config = Experiment(
        task="spectral-class",
        catalog=CatalogConfig(path=small_survey / "catalog.csv"),
        labels=LabelConfig(merge=merge, drop=("F",)),
    )
    table = make_catalog(config, tmp_path / "query").table
    task, labels = regroup(get_task("spectral-class"), merge, ("F",)), ("hot", "cool")
    codes = table["label"].astype(str).map(labels.index).to_numpy(np.int64)
    found = estimate_ceiling(config, task, labels, codes, table, locate_cache(tmp_path / "out"))
    assert found is not None
    np.testing.assert_allclose(found.whole.sum(axis=1), 1)
    # no star between the two groups is left, and hot stars are blue
    assert (found.whole.argmax(axis=1) == codes).mean() > 0.95
    sure = found.whole[:, 0] > 0.9
    colour = table["psfMag_g"] - table["psfMag_r"]
    assert colour[sure].median() < 0.1 < colour[~sure].median()
