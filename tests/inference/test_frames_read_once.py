"""A table of positions in any order is grouped by field: each frame is decoded once."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skyclass.inference.classify import classify
from skyclass.surveys.sdss import reader
from skyclass.surveys.sdss.layout import BANDS, find_fields
from skyclass.surveys.sdss.raw_frame import read_frame


@pytest.mark.parametrize("keys", [True, False], ids=["keys", "positions"])
def test_each_frame_is_decoded_once(
    keys: bool, plain_survey: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: Counter[str] = Counter()

    def count_whole(path, rows=None):
        frame = read_frame(path, rows)
        # rows of a neighbour's edge, and headers alone, are no whole frame
        decoded[path.name] += frame.data.shape[0] == frame.header["NAXIS2"]
        return frame

    monkeypatch.setattr(reader, "read_frame", count_whole)
    frames = plain_survey / "frames"
    table = pd.read_csv(plain_survey / "catalog.csv")
    names = ["ra", "dec", *(("rerun", "run", "camcol", "field") if keys else ())]
    # neighbours in the table lie on different fields
    mixed = table[names].iloc[np.random.default_rng(0).permutation(len(table))]
    answers = classify(mixed, "stars", frames=frames)
    assert len(answers) == len(table)
    assert (answers["reason"] == "").sum() > 100
    assert answers["ra"].tolist() == mixed["ra"].tolist()
    whole = [name for name, count in decoded.items() for _ in range(count)]
    assert len(whole) == len(set(whole)) == len(BANDS) * len(find_fields([frames]))
