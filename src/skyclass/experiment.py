"""One experiment end to end: catalogue, cutouts, model, evaluation, report."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from skyclass._version import __version__
from skyclass.catalog import catalog_of, read_catalog, source_of, write_catalog
from skyclass.config import ExperimentConfig, ObjectsConfig, read_config, write_config
from skyclass.errors import CatalogError, ExperimentError
from skyclass.evaluation import (
    paired_difference,
    predictions_table,
    score,
    write_predictions,
    write_report,
)
from skyclass.files import atomic_path, make_directory
from skyclass.images import (
    CutoutInfo,
    StoredCutouts,
    aperture_flux,
    check_images,
    concentration,
    make_cutouts,
    open_cutouts,
)
from skyclass.models import (
    Classifier,
    ModelSpec,
    baseline_features,
    baseline_probabilities,
    check_model,
    load,
)
from skyclass.survey import supply_frames
from skyclass.tasks import Task, get_task
from skyclass.training import train

__all__ = ["Result", "run_experiment"]

_PACKAGES: Final = ("astropy", "datasets", "lightning", "numpy", "scikit-learn", "torch")
_BATCH: Final = 512
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
    config = read_config(file)
    task = get_task(config.task)
    registration = check_images(config.images, config.cutouts.pixels)
    check_model(config.model.name)
    if config.catalog.path is not None and not config.catalog.path.is_file():
        raise CatalogError(f"{config.catalog.path} does not exist")
    _claim(out, config)
    tell = progress or (lambda _stage, _done, _total: None)
    catalog, source = _catalog(config, out, tell)
    catalog = _with_frames(config, catalog, out, tell)
    info = _cutouts(config, catalog, out, tell)
    classifier, trained = _model(config, task, info, registration, out, tell)
    # the baseline reads the catalogue's magnitudes, which the model's fingerprint does not cover
    scored = _fingerprint(trained, source)
    metrics = _evaluate(config, task, catalog, info, classifier, out, scored, tell)
    return Result(out, metrics)


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


def _catalog(config: ExperimentConfig, out: Path, tell: Progress) -> tuple[pd.DataFrame, str]:
    """Clean, label, sample and split the objects; give also a hash of the table they are from."""
    path, work = out / "catalog.parquet", out / "query"
    clean = config.clean
    if clean.frame_keys == "auto":
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
    told = catalog.attrs["skyclass"]
    dropped = {**told["dropped"], "no frame in the archive": len(catalog) - len(kept)}
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


def _model(
    config: ExperimentConfig,
    task: Task,
    info: CutoutInfo,
    registration: str,
    out: Path,
    tell: Progress,
) -> tuple[Classifier, str]:
    """Train, unless the same model lies there."""
    spec = ModelSpec(
        task.name,
        info.labels,
        config.images.type,
        config.model.name,
        info.size,
        info.bands,
        "nanomaggy",
        info.simulated,
        registration,
        config.images.crop,
        config.images.size,
        config.images.resize,
        str(config.images.upscaler) if config.images.upscaler else None,
    )
    settings = config.training.model_dump() | config.augmentation.model_dump()
    weights = _digest(config.images.upscaler) if config.images.upscaler else None
    fingerprint = _fingerprint(info.fingerprint, asdict(spec), weights, settings, config.seed)
    path = out / "model"
    if path.exists() and _is_done(out, "model", fingerprint):
        return load(path), fingerprint
    classifier = train(
        out / "cutouts",
        spec,
        config.training,
        path,
        augmentation=config.augmentation,
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
    test = open_cutouts(out / "cutouts", "test")
    probabilities = _predict(classifier, test)
    write_predictions(_predictions(test, info, probabilities), products[1])
    baseline = _baseline(config, task, catalog, info, out, test)
    metrics = _metrics(config, task, catalog, info, test.label, probabilities, baseline)
    metrics["registration"] = classifier.spec.registration
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    write_report(out)
    _mark_done(out, "evaluation", fingerprint)
    tell("evaluation", 1, 1)
    return metrics


def _chunks(cutouts: StoredCutouts) -> list[Any]:
    """Divide the rows of a split into batches that fit in memory."""
    rows = np.arange(len(cutouts))
    return np.split(rows, rows[_BATCH::_BATCH])


def _predict(classifier: Classifier, cutouts: StoredCutouts) -> Any:
    """Classify a split batch by batch."""
    offsets = cutouts.offsets()
    parts = [classifier.probabilities(cutouts.take(r), offsets[r]) for r in _chunks(cutouts)]
    return np.concatenate(parts)


def _predictions(test: StoredCutouts, info: CutoutInfo, probabilities: Any) -> pd.DataFrame:
    """Give the table of the test objects."""
    return predictions_table(
        objid=test.column("objid"),
        specobjid=test.column("specobjid"),
        ra=np.array(test.column("ra")),
        dec=np.array(test.column("dec")),
        labels=info.labels,
        true=test.label,
        probabilities=probabilities,
    )


def _baseline(
    config: ExperimentConfig,
    task: Task,
    catalog: pd.DataFrame,
    info: CutoutInfo,
    out: Path,
    test: StoredCutouts,
) -> Any:
    """Classify the test objects by catalogue colours."""
    training = open_cutouts(out / "cutouts", "train")
    features = [_features(catalog, cutouts, task) for cutouts in (training, test)]
    return baseline_probabilities(
        features[0], training.label, features[1], info.labels, config.seed
    )


def _features(catalog: pd.DataFrame, cutouts: StoredCutouts, task: Task) -> Any:
    """Give the baseline's features of one split, in its order."""
    positions = pd.DataFrame({name: cutouts.column(name) for name in ("ra", "dec")})
    rows = positions.merge(catalog, on=["ra", "dec"], how="left", validate="one_to_one")
    offsets = cutouts.offsets()
    fluxes, shapes = [], []
    for indices in _chunks(cutouts):
        flux = cutouts.take(indices)
        fluxes.append(aperture_flux(flux, offsets[indices]))
        if task.extended:
            shapes.append(concentration(flux, offsets[indices]))
    shape = np.concatenate(shapes) if task.extended else None
    return baseline_features(rows, np.concatenate(fluxes), shape)


def _metrics(
    config: ExperimentConfig,
    task: Task,
    catalog: pd.DataFrame,
    info: CutoutInfo,
    true: Any,
    probabilities: Any,
    baseline: Any,
) -> dict[str, Any]:
    """Gather what `metrics.json` holds."""
    told = catalog.attrs["skyclass"]
    difference = paired_difference(
        true, probabilities.argmax(axis=1), baseline.argmax(axis=1), seed=config.seed
    )
    return {
        "test": score(info.labels, true, probabilities),
        "baseline": score(info.labels, true, baseline),
        "difference": {
            "difference": difference.difference,
            "ci95": list(difference.ci95),
            "n": difference.n,
        },
        "task": task.name,
        "ordered": task.ordered,
        "image_type": config.images.type,
        "model": config.model.name,
        "simulated": info.simulated,
        "catalog": {
            **told,
            "dropped": {
                **told["dropped"],
                "not in the sample": told["sampled_from"] - told["rows_out"],
                "off its frame": info.off_frame,
                "its field lacks a band": info.missing,
            },
        },
        "versions": {"skyclass": __version__, **{name: version(name) for name in _PACKAGES}},
    }
