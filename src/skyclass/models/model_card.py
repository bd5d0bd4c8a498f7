"""The model card: what a saved model is, for whoever finds it."""

from typing import Final

from skyclass.models.model_spec import HUB, ModelSpec
from skyclass.schema import COLOURS

__all__ = ["format_model_card", "get_licence"]

_LICENCE: Final = "bsd-3-clause"
"""Licence of skyclass, and of a model trained from fresh weights."""

_SIMULATED: Final = (
    "**Simulated data.** This model was trained on a simulated sky. It says nothing about real"
    " objects."
)


def get_licence(spec: ModelSpec) -> str:
    """Look up the licence of a model: that of its pretrained weights, if there are any.

    Parameters
    ----------
    spec
        The model.

    Returns
    -------
    str
        In the Hugging Face Hub's spelling; `unknown` if the weights do not state one.
    """
    if spec.weights is None:
        return _LICENCE
    if spec.weights != HUB:
        return "unknown"
    from skyclass.models.backbone import get_pretrained_config

    config = get_pretrained_config(spec.network)
    return (config and config.license) or "unknown"


def format_model_card(spec: ModelSpec, onnx: str = "not written") -> str:
    """Format a model card.

    Parameters
    ----------
    spec
        The model.
    onnx
        Phrase on its ONNX file, or on why there is none.

    Returns
    -------
    str
        Markdown with the front matter of the Hugging Face Hub.
    """
    parts = [
        _format_front_matter(spec),
        f"# {spec.network} for {spec.task}",
        *([_SIMULATED] if spec.simulated else []),
        f"Tells {', '.join(spec.labels[:-1])} and {spec.labels[-1]} apart on cutouts of"
        f" {spec.size} pixels a side ({', '.join(spec.bands)}; {spec.unit}).",
        "```python\nfrom skyclass import load_model\n\n"
        'classifier = load_model("folder with this model")\n'
        "classifier.probabilities(flux, offset)\n```",
        _describe_rules(spec),
        _format_settings(spec, onnx),
    ]
    if spec.objects:
        parts += ["## Objects it was trained on", _format_objects(spec)]
    return "\n\n".join(parts) + "\n"


def _format_front_matter(spec: ModelSpec) -> str:
    """Format the front matter."""
    tags = ["skyclass", "astronomy", *(["simulated-data"] if spec.simulated else [])]
    lines = [f"license: {get_licence(spec)}", "library_name: skyclass"]
    lines += ["pipeline_tag: image-classification", "tags:", *(f"- {tag}" for tag in tags)]
    return "\n".join(["---", *lines, "---"])


def _describe_rules(spec: ModelSpec) -> str:
    """Describe how the cutouts were cut out of frames; classification cuts alike."""
    if spec.bands == COLOURS:
        return "The pictures are taken as the archive draws them."
    if spec.rules is None:
        return "How the cutouts were cut is not stated; the default rules are assumed."
    rules = spec.rules
    grid = {"native": "each band's own pixels", "common": "all bands resampled onto one grid"}
    sky = {"none": "as the frames leave it", "local": "less the median along the cutout's rim"}
    saturated = {"keep": "kept", "mask": "masked"}
    missing = {
        "refuse": "not accepted",
        "drop": "left out with its objects",
        "mask": "accepted, the band being zero",
    }
    return (
        f"Cutouts are {rules.size:g} {rules.unit} a side: {grid[rules.grid]}, stored as"
        f" {rules.dtype}, the sky {sky[rules.background]}, saturated pixels"
        f" {saturated[rules.saturated]}; a field without a band is {missing[rules.missing_band]}."
        " Frames are classified by the same rules."
    )


def _format_settings(spec: ModelSpec, onnx: str) -> str:
    """Format a table of how pictures are made and how the network was trained."""
    size = f", resized to {spec.image_size} pixels ({spec.resize})" if spec.image_size else ""
    crop = f", the central {spec.crop} pixels" if spec.crop else ""
    start = {None: "fresh weights", HUB: "timm's pretrained weights"}.get(spec.weights)
    rows = {
        "Image type": f"{spec.image_type}{crop}{size}",
        "Registration of the bands": spec.registration,
        "Survey": spec.origin or "not stated",
        "Initial weights": start or f"those of {spec.weights}",
        **({"Head of the initial weights": spec.head_origin} if spec.head_origin else {}),
        "Columns of the catalogue": ", ".join(spec.columns) or "none",
        "Told of the measurement": ", ".join(spec.measured) or "nothing",
        "Trained": "the head only" if spec.frozen else "all layers",
        **(
            {"Class imbalance": f"{spec.imbalance}: its probabilities take classes as equally many"}
            if spec.imbalance != "none"
            else {}
        ),
        "Temperature": f"{spec.temperature:.4g}",
        "ONNX": onnx.replace("|", "/"),
    }
    return "\n".join(
        ["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())]
    )


def _format_objects(spec: ModelSpec) -> str:
    """Format a table of the objects of each class in each split."""
    lines = ["| split | " + " | ".join(spec.labels) + " |", "|---" * (len(spec.labels) + 1) + "|"]
    for split, counts in spec.objects.items():
        lines.append(f"| {split} | " + " | ".join(str(counts[name]) for name in spec.labels) + " |")
    return "\n".join(lines)
