"""The names of the files of a study."""

from pathlib import Path

from skyclass.studies.study_workspace import StudyWorkspace


def test_data_sets_of_a_study_share_queries_only(tmp_path: Path) -> None:
    study = StudyWorkspace(tmp_path)
    one, other = study.data("a", "q1"), study.data("b", "q1")
    assert one.query == other.query
    own = [(d.catalog, d.cutouts, d.logs) for d in (one, other)]
    assert not set(own[0]) & set(own[1])
    assert study.failure("a/b/c/1").parent == study.cell("a/b/c/1").root.parent
