"""One experiment end to end: catalogue, cutouts, model, evaluation, report."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from skyclass.catalog.catalog_file import Catalog
from skyclass.config.experiment_file import read_config, write_config
from skyclass.config.sections import Experiment
from skyclass.errors import ExperimentError
from skyclass.evaluation.metrics import Metrics, read_metrics, write_metrics
from skyclass.evaluation.predictions import write_predictions
from skyclass.evaluation.report.page import write_report
from skyclass.files import AnyPath, atomic_path, make_directory
from skyclass.images.augment import check_augmentation
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import check_images, get_registration
from skyclass.images.stored_cutouts import CutoutInfo
from skyclass.models.check_network import check_network
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import make_spec
from skyclass.models.presets import apply_preset
from skyclass.models.saved_model import load_model
from skyclass.pipeline.evaluate import evaluate
from skyclass.pipeline.prepare import Objects, Places, check_sources, prepare
from skyclass.progress import Progress, Stage, no_progress
from skyclass.surveys.registry import get_survey
from skyclass.tasks.registry import get_task
from skyclass.tasks.regroup import regroup
from skyclass.tasks.task import Task
from skyclass.training.train import check_training, train
from skyclass.workspace import digest, fingerprint, is_done, mark_done

__all__ = ["Result", "check_experiment", "claim", "run_config", "run_experiment"]

_MANNERS: Final = {"survey": {"base_url", "connections", "rate", "retries", "timeout"}}
"""Settings that change no result: where and how politely the same files are asked for."""


@dataclass(frozen=True)
class Result:
    """What an experiment comes to."""

    directory: Path
    """Where everything lies."""
    metrics: Metrics
    """Contents of `metrics.json`."""

    @property
    def report(self) -> Path:
        """Path of the report."""
        return self.directory / "report.html"


def run_experiment(file: AnyPath, out: AnyPath, *, progress: Progress = no_progress) -> Result:
    """Run all stages of an experiment; what is up to date is not done again.

    Parameters
    ----------
    file
        Experiment file (TOML).
    out
        Directory of the experiment: new, empty, or begun with the same experiment file.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    Result
        The metrics and where the report is.

    Raises
    ------
    SkyclassError
        Where the file, the catalogue, the frames or the directory cannot be used.
    """
    file, out = Path(file), Path(out)
    return run_config(read_config(file), out, progress=progress)


def check_experiment(config: Experiment) -> str:
    """Refuse an experiment that names what does not exist, before any work.

    Parameters
    ----------
    config
        Experiment.

    Returns
    -------
    str
        How bands are brought onto one grid.

    Raises
    ------
    SkyclassError
        Where the task, the image type, the model, the table or the frames are unknown, or do not
        go together.
    """
    regroup(get_task(config.task), config.labels.merge, config.labels.drop)
    survey = get_survey(config.survey.name)
    side = config.cutouts.count_pixels(survey.pixel_scale)
    check_images(config.images, side, survey.name)
    bands = get_image_type(config.images.type, survey.name).bands
    check_augmentation(config.augmentation, bands, survey.name)
    check_network(config)
    check_training(config.training, config.augmentation)
    check_sources(config)
    return get_registration(config.images)


def run_config(
    config: Experiment,
    out: Path,
    *,
    objects: Objects | None = None,
    report: bool = True,
    progress: Progress = no_progress,
) -> Result:
    """Run an experiment that has been read already, on its own objects or on prepared ones.

    Parameters
    ----------
    config
        Experiment.
    out
        Directory of the experiment: new, empty, or begun with the same configuration.
    objects
        Prepared objects, which `out` then links to; its own where not given.
    report
        Whether the report is written.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    Result
        The metrics and where the report is.

    Raises
    ------
    SkyclassError
        Where the configuration, the catalogue, the frames or the directory cannot be used.
    """
    config = apply_preset(config)
    registration = check_experiment(config)
    claim(out, config)
    if objects is None:
        objects = prepare({"": config}, Places.within(out), progress)[""]
    else:
        _link(objects, out)
    task = get_task(config.task)
    classifier, trained = _model(
        config, task, objects.catalog, objects.info, registration, out, progress
    )
    # the baseline reads the catalogue's magnitudes, which the model's fingerprint does not cover
    scored = fingerprint(trained, objects.source)
    metrics = _evaluate(
        config, task, objects.catalog, objects.info, classifier, out, scored, progress
    )
    if report and not ((out / "report.html").exists() and is_done(out / "logs", "report", scored)):
        write_report(out)
        mark_done(out / "logs", "report", scored)
    return Result(out, metrics)


def _link(objects: Objects, out: Path) -> None:
    """Let an experiment's directory show data that lie elsewhere, so that others find them."""
    for name, target in (("catalog.parquet", objects.table), ("cutouts", objects.cutouts)):
        link = out / name
        relative = os.path.relpath(target.resolve(), out.resolve())
        if not (link.is_symlink() and str(link.readlink()) == relative):
            with atomic_path(link, folder=target.is_dir()) as partial:
                partial.symlink_to(relative)


def claim(out: Path, config: Experiment) -> None:
    """Take a directory for an experiment, or refuse one that is not its own.

    Parameters
    ----------
    out
        Directory: new, empty, or begun with the same configuration.
    config
        Experiment.

    Raises
    ------
    ExperimentError
        Where something else lies there.
    """
    resolved = out / "experiment.toml"
    if resolved.exists():
        other = read_config(resolved)
        if other.model_dump(exclude=_MANNERS) != config.model_dump(exclude=_MANNERS):
            raise ExperimentError(
                f"{out} holds another experiment (differs in {_differences(other, config)});"
                " choose another --out"
            )
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExperimentError(f"{out} is not empty and holds no experiment; choose another --out")
    make_directory(out)
    write_config(config, resolved)


def _differences(one: Experiment, other: Experiment) -> str:
    """Name the keys in which two experiments differ."""
    flat = [_flat(config.model_dump(mode="json")) for config in (one, other)]
    return ", ".join(key for key in flat[0] if flat[0][key] != flat[1][key])


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """Write nested keys with dots."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": v for inner, v in value.items()}
        else:
            flat[key] = value
    return flat


def _model(
    config: Experiment,
    task: Task,
    catalog: Catalog,
    info: CutoutInfo,
    registration: str,
    out: Path,
    progress: Progress,
) -> tuple[Classifier, str]:
    """Train, unless the same model lies there."""
    spec = make_spec(config, task, catalog.table, info, registration, out / "cutouts")
    settings = config.training.model_dump() | config.augmentation.model_dump()
    files = [digest(path) for path in (config.images.upscaler, config.model.weights) if path]
    seed = config.seed if config.training.seed is None else config.training.seed
    mark = fingerprint(info.fingerprint, asdict(spec), files, settings, seed)
    path = out / "model"
    if path.exists() and is_done(out / "logs", "model", mark):
        return load_model(path), mark
    classifier = train(
        out / "cutouts",
        spec,
        config.training,
        path,
        augmentation=config.augmentation,
        seed=seed,
        logs=out / "logs",
        progress=progress,
    )
    mark_done(out / "logs", "model", mark)
    return classifier, mark


def _evaluate(
    config: Experiment,
    task: Task,
    catalog: Catalog,
    info: CutoutInfo,
    classifier: Classifier,
    out: Path,
    mark: str,
    progress: Progress,
) -> Metrics:
    """Score model and baseline on the test objects, once."""
    path = out / "metrics.json"
    products = (path, out / "predictions.parquet")
    if all(p.exists() for p in products) and is_done(out / "logs", "evaluation", mark):
        return read_metrics(path)
    progress(Stage.EVALUATION, 0, 1)
    found = evaluate(config, task, catalog, info, classifier, out / "cutouts")
    write_predictions(found.table, products[1])
    write_metrics(found.metrics, path)
    mark_done(out / "logs", "evaluation", mark)
    progress(Stage.EVALUATION, 1, 1)
    return found.metrics
