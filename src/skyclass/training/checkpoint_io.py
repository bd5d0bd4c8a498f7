"""Write and read checkpoints as safetensors and JSON, so that no pickle is ever read."""

import json
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors import safe_open
from safetensors.torch import save

from skyclass.files import atomic_path

__all__ = ["SafetensorsCheckpointIO"]


class SafetensorsCheckpointIO(CheckpointIO):
    """Lightning's checkpoints without pickle, written under a temporary name, then renamed."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint: tensors as such, everything else as JSON in the header."""
        tensors: dict[str, torch.Tensor] = {}
        tree = _pack(checkpoint, tensors)
        with atomic_path(Path(path)) as partial:
            # bytes, because the library's own writer hides a full disk behind another error
            partial.write_bytes(save(tensors, metadata={"tree": json.dumps(tree)}))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint that `save_checkpoint` wrote."""
        with safe_open(str(path), framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            tree = json.loads(file.metadata()["tree"])
        checkpoint: dict[str, Any] = _unpack(tree, tensors)
        return checkpoint

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete a checkpoint."""
        Path(path).unlink(missing_ok=True)


def _pack(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """Replace tensors by references; keep keys that are whole numbers."""
    if isinstance(value, torch.Tensor):
        name = f"t{len(tensors)}"
        tensors[name] = value.detach().clone().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"items": [[key, _pack(item, tensors)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_pack(item, tensors) for item in value]
    return str(value) if isinstance(value, Path) else value


def _unpack(tree: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """Undo `_pack`."""
    if isinstance(tree, list):
        return [_unpack(item, tensors) for item in tree]
    if isinstance(tree, dict):
        if "tensor" in tree:
            return tensors[tree["tensor"]]
        return {key: _unpack(item, tensors) for key, item in tree["items"]}
    return tree
