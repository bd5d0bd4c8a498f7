"""The model card: what a saved model is, for whoever finds it."""

from skyclass.models.model_spec import HUB, ModelSpec

__all__ = ["get_licence", "model_card"]

_LICENCE = "bsd-3-clause"
"""Of skyclass; a model trained from nothing carries it."""


def get_licence(spec: ModelSpec) -> str:
    """Give the licence of a model: that of the weights it started from, where there are any.

    Parameters
    ----------
    spec
        The model.

    Returns
    -------
    str
        As the Hugging Face Hub spells it; `unknown` where the weights do not tell.
    """
    if spec.weights is None:
        return _LICENCE
    if spec.weights != HUB:
        return "unknown"
    from skyclass.models.backbone import get_pretrained_config

    return get_pretrained_config(spec.network).get("license") or "unknown"


def model_card(spec: ModelSpec) -> str:
    """Write a model card.

    Parameters
    ----------
    spec
        The model.

    Returns
    -------
    str
        Markdown with the front matter of the Hugging Face Hub.
    """
    parts = [
        _front(spec),
        f"# {spec.network} for {spec.task}",
        *([_SIMULATED] if spec.simulated else []),
        f"Tells {', '.join(spec.labels[:-1])} and {spec.labels[-1]} apart on cutouts of"
        f" {spec.size} pixels a side ({', '.join(spec.bands)}; {spec.unit}).",
        "```python\nfrom skyclass.models import load_model\n\n"
        'classifier = load_model("folder with this model")\n'
        "classifier.probabilities(flux, offset)\n```",
        _table(spec),
    ]
    if spec.objects:
        parts += ["## Objects it learnt from", _objects(spec)]
    return "\n\n".join(parts) + "\n"


_SIMULATED = (
    "**Simulated data.** This model learnt from a simulated sky. It says nothing about real"
    " objects."
)


def _front(spec: ModelSpec) -> str:
    """Write the front matter."""
    tags = ["skyclass", "astronomy", *(["simulated-data"] if spec.simulated else [])]
    lines = [f"license: {get_licence(spec)}", "library_name: skyclass"]
    lines += ["pipeline_tag: image-classification", "tags:", *(f"- {tag}" for tag in tags)]
    return "\n".join(["---", *lines, "---"])


def _table(spec: ModelSpec) -> str:
    """Tell how pictures are made and how the network learnt."""
    size = f", resized to {spec.image_size} pixels ({spec.resize})" if spec.image_size else ""
    crop = f", the central {spec.crop} pixels" if spec.crop else ""
    start = {None: "fresh weights", HUB: "timm's pretrained weights"}.get(spec.weights)
    rows = {
        "Image type": f"{spec.image_type}{crop}{size}",
        "Registration of the bands": spec.registration,
        "Survey": spec.origin or "not stated",
        "Started from": start or f"the file {spec.weights}",
        "Columns of the catalogue": ", ".join(spec.columns) or "none",
        "Trained": "the head only" if spec.frozen else "all layers",
        "Temperature": f"{spec.temperature:.4g}",
    }
    return "\n".join(
        ["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())]
    )


def _objects(spec: ModelSpec) -> str:
    """Tell how many objects of each class each split had."""
    lines = ["| split | " + " | ".join(spec.labels) + " |", "|---" * (len(spec.labels) + 1) + "|"]
    for split, counts in spec.objects.items():
        lines.append(f"| {split} | " + " | ".join(str(counts[name]) for name in spec.labels) + " |")
    return "\n".join(lines)
