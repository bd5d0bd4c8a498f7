"""The catalogue and its file."""

import re
from pathlib import Path

import pandas as pd
import pytest

from catalog.tables import tidy_stars
from skyclass.catalog.build_catalog import build_catalog
from skyclass.catalog.catalog_file import Catalog, list_classes, read_catalog, write_catalog
from skyclass.catalog.cleaning_report import CleaningReport, format_report
from skyclass.config.sections import LabelConfig, SampleConfig
from skyclass.errors import CatalogError


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = tmp_path_factory.mktemp("stars") / "stars.csv"
    tidy_stars(400).to_csv(path, index=False)
    return build_catalog(path, "spectral-class", labels=LabelConfig(drop=("A",)))


def test_table_and_report_come_back(catalog: Catalog, tmp_path: Path) -> None:
    write_catalog(catalog, tmp_path / "c.parquet")
    back = read_catalog(tmp_path / "c.parquet")
    pd.testing.assert_frame_equal(back.table, catalog.table)
    assert back.report == catalog.report
    assert back.table.attrs == {}


def test_the_report_is_plain_json(catalog: Catalog) -> None:
    text = catalog.report.model_dump_json()
    assert CleaningReport.model_validate_json(text) == catalog.report
    described = CleaningReport.model_json_schema()["properties"]
    assert all("description" in field for field in described.values())


def test_classes_keep_the_order_of_the_task(tmp_path: Path) -> None:
    table = tidy_stars(400)
    table["subclass"] = ["M2", "B5", "G2", "F5"] * 100
    write_catalog(build_catalog(table, "spectral-class"), tmp_path / "c.parquet")
    assert list_classes(read_catalog(tmp_path / "c.parquet").table) == ("B", "F", "G", "M")
    with pytest.raises(CatalogError, match="read the catalogue with read_catalog"):
        list_classes(table.assign(label="M"))


def test_it_shows_itself(catalog: Catalog) -> None:
    assert re.fullmatch(
        rf"<Catalog: {len(catalog.table)} objects for spectral-class: (\w \d+(, )?)+>",
        repr(catalog),
    )
    assert repr(catalog.report) == f"<CleaningReport: 400 rows read, {len(catalog)} kept>"
    html = catalog._repr_html_()
    for line in format_report(catalog.report):
        assert line.replace("'", "&#x27;") in html
        assert line in catalog.report._repr_html_().replace("&#x27;", "'")
    assert "<th>train</th>" in html


def test_files_that_are_not_catalogues(catalog: Catalog, tmp_path: Path) -> None:
    tidy_stars(50).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(CatalogError, match=r"a\.parquet has no labels and splits"):
        read_catalog(tmp_path / "a.parquet")
    # as earlier versions wrote it
    catalog.table.to_parquet(tmp_path / "old.parquet", index=False)
    with pytest.raises(CatalogError, match=r"old\.parquet has no cleaning report"):
        read_catalog(tmp_path / "old.parquet")
    with pytest.raises(CatalogError, match=r"use c\.parquet"):
        write_catalog(catalog, tmp_path / "c.csv")


def test_a_sample_counts_what_it_was_taken_from() -> None:
    sampling = SampleConfig(method="random", total=200)
    catalog = build_catalog(tidy_stars(400), "spectral-class", sampling=sampling)
    assert (catalog.report.sampled_from, catalog.report.rows_out, len(catalog)) == (400, 200, 200)
