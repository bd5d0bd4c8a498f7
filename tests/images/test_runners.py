"""Cutting on a real scheduler with two real workers, one of which dies."""

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from dask.distributed import LocalCluster

from skyclass.catalog.build_catalog import build_catalog
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ClusterError
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.runners import use_cluster, use_threads
from support.dying_worker import work_or_die

RULES = CutoutConfig(size=32)


@pytest.fixture(scope="module")
def catalog(plain_survey: Path) -> pd.DataFrame:
    return build_catalog(plain_survey / "catalog.csv", "spectral-class").table


def files(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*.arrow")}


def test_same_bytes_although_a_worker_dies(
    plain_survey: Path, catalog: pd.DataFrame, tmp_path: Path
) -> None:
    frames, mark = plain_survey / "frames", tmp_path / "died"
    make_cutouts(catalog, frames, tmp_path / "here", RULES, runner=use_threads(1))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        inner = use_cluster(cluster.scheduler_address)

        def runner(work, groups, progress) -> None:
            inner(partial(work_or_die, work, mark), groups, progress)

        make_cutouts(catalog, frames, tmp_path / "there", RULES, runner=runner)
    assert mark.exists()
    assert files(tmp_path / "there") == files(tmp_path / "here")


def test_no_scheduler_at_the_address(
    plain_survey: Path, catalog: pd.DataFrame, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("skyclass.cluster.TIMEOUT", "1s")
    runner = use_cluster("tcp://127.0.0.1:1")
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1"):
        make_cutouts(catalog, plain_survey / "frames", tmp_path / "c", RULES, runner=runner)
