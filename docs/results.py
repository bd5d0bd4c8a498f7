"""Write the page of the results that lie in files, and their JSON schemas, from their classes.

Usage: python docs/results.py      (writes docs/results.md and docs/schemas/)
"""

import inspect
import json
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from skyclass.catalog.cleaning_report import CleaningReport
from skyclass.evaluation.compare import Comparison
from skyclass.evaluation.evaluation_record import EvaluationRecord
from skyclass.evaluation.metrics import Metrics
from skyclass.evaluation.reweight import Reweighting
from skyclass.images.stored_cutouts import CutoutInfo
from skyclass.models.model_spec import ModelSpec
from skyclass.models.training_history import TrainingHistory
from skyclass.studies.study_results import StudyRecord

HEAD = """# Results and their files

What skyclass writes into JSON, or returns as a value, has a class that checks it when it is read; a
file with a missing or wrong key is refused in one line. The schemas (JSON Schema 2020-12) are made
from these classes, as is this page (`python docs/results.py`). The columns of the table of test
objects are on a [page of their own](predictions.md).
"""


@dataclass(frozen=True)
class Result:
    """A result with a schema."""

    name: str
    """Name of the schema."""
    kind: type
    """Its class."""
    place: str
    """Where it is found."""


RESULTS = (
    Result("metrics", Metrics, "`metrics.json` of an experiment, or of a saved model's evaluation"),
    Result("evaluation", EvaluationRecord, "`evaluation.json`, where a saved model was evaluated"),
    Result("history", TrainingHistory, "`model/history.json` of an experiment"),
    Result(
        "model",
        ModelSpec,
        "`model/config.json`, beside the versions of the packages and the licence of the weights",
    ),
    Result("cutouts", CutoutInfo, "`skyclass.json` in a folder of cutouts"),
    Result(
        "cleaning-report",
        CleaningReport,
        "metadata `skyclass.cleaning_report` of `catalog.parquet`; `report` of a catalogue",
    ),
    Result("study", StudyRecord, "`study.json` of a study"),
    Result("comparison", Comparison, "returned by `skyclass.compare`"),
    Result("reweighting", Reweighting, "returned by `skyclass.evaluation.reweight.reweight`"),
)


def schema(result: Result) -> dict[str, Any]:
    """Make the JSON schema of a result as it is written."""
    if is_dataclass(result.kind) and not hasattr(result.kind, "__pydantic_config__"):
        result.kind.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)
    made = TypeAdapter(result.kind).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def page() -> str:
    """Write the page."""
    return "\n".join([HEAD, *map(section, RESULTS)])


def section(result: Result) -> str:
    """Write the section of one result: its keys and those of its parts."""
    made = schema(result)
    parts = [
        f"## {result.kind.__name__}",
        f"{summary(result.kind.__doc__)} ({result.place}; [schema](schemas/{result.name}.json))",
        table(made),
    ]
    for name, part in made.get("$defs", {}).items():
        if "properties" in part:
            parts += [f"**{name}.** {summary(part.get('description'))}", table(part)]
    return "\n\n".join(parts) + "\n"


def summary(text: str | None) -> str:
    """Take the first paragraph of a docstring."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def table(part: dict[str, Any]) -> str:
    """Write the keys of an object as a table."""
    rows = ["| key | value | |", "|---|---|---|"]
    for name, value in part["properties"].items():
        cells = (f"`{name}`", kind(value), summary(value.get("description")))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def kind(value: dict[str, Any]) -> str:
    """Say in words what a key holds."""
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2]
    if "anyOf" in value:
        return " or ".join(kind(each) for each in value["anyOf"])
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return " or ".join(f"`{each}`" for each in value["enum"])
    match value.get("type"):
        case "array":
            inner = value.get("items") or next(iter(value.get("prefixItems", [])), {})
            return f"list of: {kind(inner)}"
        case "object":
            inner = value.get("additionalProperties")
            return f"table of: {kind(inner)}" if isinstance(inner, dict) else "table"
        case str(name):
            words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
            return words.get(name, name)
    return "any value"


def files() -> dict[str, str]:
    """Make all files by their names below `docs`."""
    schemas = {
        f"schemas/{result.name}.json": json.dumps(schema(result), indent=1) + "\n"
        for result in RESULTS
    }
    return {"results.md": page(), **schemas}


if __name__ == "__main__":
    for name, text in files().items():
        path = Path(__file__).parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
