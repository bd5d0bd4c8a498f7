"""The progress callback and the names of its stages."""

from skyclass.progress import Stage, no_progress, rename_stage


def test_a_renamed_stage_passes_everything_else_on() -> None:
    seen: list[tuple[object, ...]] = []

    def note(stage: str, done: int, total: int, detail: str = "") -> None:
        seen.append((stage, done, total, detail))

    rename_stage(note, "dr17 {stage}")(Stage.CUTOUTS, 2, 5, "fast")
    rename_stage(note, "cell")(Stage.TRAINING, 1, 0)
    assert seen == [("dr17 cutouts", 2, 5, "fast"), ("cell", 1, 0, "")]


def test_a_stage_is_its_name() -> None:
    assert f"{Stage.QUERY}" == "query"
    assert no_progress(Stage.QUERY, 0, 0) is None
