"""One experiment end to end: catalogue, cutouts, model, evaluation, report."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pandas as pd

from skyclass._version import __version__
from skyclass.catalog import catalog_of, read_catalog, source_of, write_catalog
from skyclass.config import ExperimentConfig, ObjectsConfig, read_config, write_config
from skyclass.errors import CatalogError, ExperimentError, SurveyError
from skyclass.evaluation import write_predictions, write_report
from skyclass.files import atomic_path, make_directory
from skyclass.images import (
    CutoutInfo,
    Download,
    check_augmentation,
    check_images,
    get_image_type,
    make_cutouts,
    make_picture_cutouts,
    picture_request,
)
from skyclass.models import Classifier, check_model, load, spec_of, with_preset
from skyclass.scoring import evaluate
from skyclass.survey import supply_frames, supply_pictures
from skyclass.tasks import Task, get_task
from skyclass.training import train

__all__ = ["Result", "run_experiment"]

_MANNERS: Final = {"survey": {"base_url", "connections", "rate", "retries", "timeout"}}
"""Settings that change no result: where and how politely the same files are asked for."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Result:
    """What an experiment comes to."""

    directory: Path
    """Where everything lies."""
    metrics: dict[str, Any]
    """Contents of `metrics.json`."""

    @property
    def report(self) -> Path:
        """Path of the report."""
        return self.directory / "report.html"


def run_experiment(file: Path, out: Path, *, progress: Progress | None = None) -> Result:
    """Run all stages of an experiment; what is up to date is not done again.

    Parameters
    ----------
    file
        Experiment file (TOML).
    out
        Directory of the experiment: new, empty, or begun with the same experiment file.
    progress
        Called with the stage's name, steps done and steps in all.

    Returns
    -------
    Result
        The metrics and where the report is.

    Raises
    ------
    SkyclassError
        Where the file, the catalogue, the frames or the directory cannot be used.
    """
    config = with_preset(read_config(file))
    task = get_task(config.task)
    registration = check_images(config.images, config.cutouts.pixels)
    check_augmentation(config.augmentation, get_image_type(config.images.type).bands)
    check_model(config.model.name)
    if config.catalog.path is not None and not config.catalog.path.is_file():
        raise CatalogError(f"{config.catalog.path} does not exist")
    _check_frames(config)
    _claim(out, config)
    tell = progress or (lambda _stage, _done, _total: None)
    pictures = get_image_type(config.images.type).source
    catalog, source = _catalog(config, out, needs_frames=pictures is None, tell=tell)
    if pictures is None:
        catalog = _with_frames(config, catalog, out, tell)
        info = _cutouts(config, catalog, out, tell)
    else:
        catalog = _with_pictures(config, pictures, catalog, out, tell)
        info = _picture_cutouts(config, pictures, catalog, out, tell)
    classifier, trained = _model(config, task, info, registration, out, tell)
    # the baseline reads the catalogue's magnitudes, which the model's fingerprint does not cover
    scored = _fingerprint(trained, source)
    metrics = _evaluate(config, task, catalog, info, classifier, out, scored, tell)
    return Result(out, metrics)


def _check_frames(config: ExperimentConfig) -> None:
    """Refuse a directory of frames that is not there and that nothing is downloaded to."""
    frames = config.survey.frames
    if frames is not None and config.survey.base_url is None and not frames.is_dir():
        raise SurveyError(f"the directory of frames {frames} does not exist")


def _digest(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        digest = sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def _claim(out: Path, config: ExperimentConfig) -> None:
    """Take a directory for this experiment, or refuse one that is not its own."""
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


def _differences(one: ExperimentConfig, other: ExperimentConfig) -> str:
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


def _fingerprint(*parts: Any) -> str:
    """Hash what a stage depends on."""
    return sha256(json.dumps([__version__, *parts], default=str).encode()).hexdigest()[:16]


def _is_done(out: Path, stage: str, fingerprint: str) -> bool:
    """Tell whether a stage's result is there and was made from the same input."""
    mark = out / "logs" / f"{stage}.done"
    return mark.exists() and mark.read_text(encoding="utf-8") == fingerprint


def _mark_done(out: Path, stage: str, fingerprint: str) -> None:
    """Record that a stage is complete."""
    with atomic_path(out / "logs" / f"{stage}.done") as partial:
        partial.write_text(fingerprint, encoding="utf-8")


def _catalog(
    config: ExperimentConfig, out: Path, *, needs_frames: bool, tell: Progress
) -> tuple[pd.DataFrame, str]:
    """Clean, label, sample and split the objects; give also a hash of the table they are from."""
    path, work = out / "catalog.parquet", out / "query"
    clean = config.clean
    if needs_frames and clean.frame_keys == "auto":
        config = config.model_copy(
            update={"clean": clean.model_copy(update={"frame_keys": "require"})}
        )
    tell("catalogue", 0, 1)
    source = _digest(source_of(config, work))
    objects = {name: getattr(config, name) for name in ObjectsConfig.model_fields}
    task_file = _digest(Path(config.task)) if config.task.endswith(".toml") else ""
    fingerprint = _fingerprint(source, task_file, ObjectsConfig(**objects).model_dump(mode="json"))
    if not (path.exists() and _is_done(out, "catalog", fingerprint)):
        write_catalog(catalog_of(config, work), path)
        _mark_done(out, "catalog", fingerprint)
    tell("catalogue", 1, 1)
    return read_catalog(path), source


def _frames(config: ExperimentConfig, out: Path) -> Path:
    """Give the directory of frames."""
    return config.survey.frames or out / "frames"


def _with_frames(
    config: ExperimentConfig, catalog: pd.DataFrame, out: Path, tell: Progress
) -> pd.DataFrame:
    """Check or download the frames; leave out objects that the archive has no frames of."""
    kept = supply_frames(
        catalog,
        config.survey,
        _frames(config, out),
        out / "logs",
        used=(out / "cutouts").exists(),
        keep_lacking=config.cutouts.missing_band == "mask",
        progress=lambda done, total: tell("frames", done, total),
    )
    return _counted(catalog, kept, "no frame in the archive")


def _with_pictures(
    config: ExperimentConfig, source: Download, catalog: pd.DataFrame, out: Path, tell: Progress
) -> pd.DataFrame:
    """Download the pictures; leave out objects that the archive has no picture of."""
    what, picture = picture_request(source)
    kept = supply_pictures(
        catalog,
        what,
        config.survey,
        picture,
        out / "pictures",
        out / "logs",
        used=(out / "cutouts").exists(),
        progress=lambda done, total: tell("pictures", done, total),
    )
    return _counted(catalog, kept, "no picture in the archive")


def _counted(catalog: pd.DataFrame, kept: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Count the objects that were left out of a catalogue among those dropped."""
    told = catalog.attrs["skyclass"]
    dropped = {**told["dropped"], reason: len(catalog) - len(kept)}
    kept.attrs["skyclass"] = {**told, "dropped": dropped}
    return kept


def _cutouts(
    config: ExperimentConfig, catalog: pd.DataFrame, out: Path, tell: Progress
) -> CutoutInfo:
    """Cut all objects out of the frames."""
    return make_cutouts(
        catalog,
        _frames(config, out),
        out / "cutouts",
        config.cutouts,
        replace=True,
        progress=lambda done, total: tell("cutouts", done, total),
    )


def _picture_cutouts(
    config: ExperimentConfig, source: Download, catalog: pd.DataFrame, out: Path, tell: Progress
) -> CutoutInfo:
    """Store all objects' pictures."""
    return make_picture_cutouts(
        catalog,
        out / "pictures",
        out / "cutouts",
        source,
        config.survey,
        replace=True,
        progress=lambda done, total: tell("cutouts", done, total),
    )


def _model(
    config: ExperimentConfig,
    task: Task,
    info: CutoutInfo,
    registration: str,
    out: Path,
    tell: Progress,
) -> tuple[Classifier, str]:
    """Train, unless the same model lies there."""
    spec = spec_of(config, task, info, registration, out / "cutouts")
    settings = config.training.model_dump() | config.augmentation.model_dump()
    files = [_digest(path) for path in (config.images.upscaler, config.model.weights) if path]
    fingerprint = _fingerprint(info.fingerprint, asdict(spec), files, settings, config.seed)
    path = out / "model"
    if path.exists() and _is_done(out, "model", fingerprint):
        return load(path), fingerprint
    classifier = train(
        out / "cutouts",
        spec,
        config.training,
        path,
        augmentation=config.augmentation,
        frozen=spec.frozen,
        seed=config.seed,
        logs=out / "logs" / "tensorboard",
        progress=lambda done, total, _figures: tell("training", done, total),
    )
    _mark_done(out, "model", fingerprint)
    return classifier, fingerprint


def _evaluate(
    config: ExperimentConfig,
    task: Task,
    catalog: pd.DataFrame,
    info: CutoutInfo,
    classifier: Classifier,
    out: Path,
    fingerprint: str,
    tell: Progress,
) -> dict[str, Any]:
    """Score model and baseline on the test objects, once, and write the report."""
    path = out / "metrics.json"
    products = (path, out / "predictions.parquet", out / "report.html")
    if all(p.exists() for p in products) and _is_done(out, "evaluation", fingerprint):
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return values
    tell("evaluation", 0, 1)
    found = evaluate(config, task, catalog, info, classifier, out / "cutouts")
    write_predictions(found.table, products[1])
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(found.metrics, indent=1), encoding="utf-8")
    write_report(out)
    _mark_done(out, "evaluation", fingerprint)
    tell("evaluation", 1, 1)
    return found.metrics
