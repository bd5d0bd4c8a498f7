"""Pictures enlarged by a network."""

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from images.sky import cutouts
from skyclass.errors import ImageError, MissingExtraError
from skyclass.images.renderer import Renderer


def test_only_pictures_are_enlarged_by_a_network(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="image type ugriz has no grey levels"):
        Renderer("ugriz", resize="learned", upscaler=tmp_path / "w.safetensors")


def test_the_network_needs_spandrel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skyclass\[upscale\]'"):
        Renderer("gri", resize="learned", upscaler=tmp_path / "w.safetensors")


def test_a_network_enlarges(tmp_path: Path) -> None:
    compact = pytest.importorskip("spandrel.architectures.Compact.__arch.SRVGG")
    network = compact.SRVGGNetCompact(num_feat=8, num_conv=1, upscale=2)
    weights = tmp_path / "w.safetensors"
    save_file(network.state_dict(), weights)
    flux = torch.from_numpy(cutouts(2))
    small = Renderer("gri")(flux)
    large = Renderer("gri", resize="learned", upscaler=weights)(flux)
    torch.testing.assert_close(large, network(small).clamp(0, 1).detach())
    assert Renderer("gri", size=224, resize="learned", upscaler=weights)(flux).shape[-1] == 224
    assert Renderer("grey:r", resize="learned", upscaler=weights)(flux).shape == (2, 1, 128, 128)
    weights.write_bytes(b"nothing")
    with pytest.raises(ImageError, match="holds no usable upscaler"):
        Renderer("gri", resize="learned", upscaler=weights)
