"""Calibrated bands against the percentile-stretched composite: same objects, same network.

Usage: python benchmarks/image_types.py DEMO_DIRECTORY

Runs the demo's experiment with the image type `gri` and prints the paired difference.
"""

import sys
from pathlib import Path

from skyclass.config.experiment_file import read_config, write_config
from skyclass.config.sections import ImageConfig, SurveyConfig
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.evaluation.predictions import read_predictions, unpack_predictions
from skyclass.pipeline.experiment import run_experiment


def main(demo: Path) -> None:
    config = read_config(demo / "experiment.toml")
    file = demo / "gri.toml"
    survey = SurveyConfig(frames=(demo / "survey" / "frames").resolve())
    changed = {"images": ImageConfig(type="gri"), "survey": survey}
    write_config(config.model_copy(update=changed), file)
    run_experiment(file, demo / "gri")
    tables = [
        read_predictions(demo / name / "predictions.parquet") for name in ("experiment", "gri")
    ]
    if not (tables[0]["specobjid"] == tables[1]["specobjid"]).all():
        raise SystemExit("the two experiments scored different objects")
    (_, true, calibrated), (_, _, composite) = (unpack_predictions(table) for table in tables)
    result = compare_accuracies(true, calibrated.argmax(1), composite.argmax(1))
    low, high = (100 * bound for bound in result.ci95)
    print(
        f"ugriz {100 * result.accuracy_a:.1f} %, gri {100 * result.accuracy_b:.1f} %, difference"
        f" {100 * result.difference:.1f} points (95 % interval {low:.1f} to {high:.1f}),"
        f" {result.n} test objects"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
