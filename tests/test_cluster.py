"""What is said where a cluster cannot be used."""

import sys

import pytest

from skyclass.cluster import call_on_cluster, require_dask
from skyclass.errors import ClusterError, MissingExtraError


def test_dask_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    message = r"on the workers, needs dask, which is not installed; pip install 'skyclass\[cluster"
    with pytest.raises(MissingExtraError, match=message):
        require_dask()


def test_nothing_is_called_without_a_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask.distributed")
    monkeypatch.setattr("skyclass.cluster.TIMEOUT", "1s")
    calls = call_on_cluster("tcp://127.0.0.1:1", print, [("never",)])
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1"):
        next(calls)
