"""Working through a batch in parts gives what working on all of it gives."""

import pytest
import torch

from skyclass.images.chunked import apply_in_chunks


@pytest.mark.parametrize("count", [1, 32, 33, 100])
@pytest.mark.parametrize("samples", [1, 5])
def test_chunks_make_the_whole(count: int, samples: int) -> None:
    generator = torch.Generator().manual_seed(1)
    images, factor = torch.randn(count, 5, 4, 4, generator=generator), torch.arange(1.0, count + 1)

    def function(images: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        return (images * factor[:, None, None, None]).reshape(len(images) * samples, -1, 4, 4)

    torch.testing.assert_close(
        apply_in_chunks(function, images, factor), function(images, factor), rtol=0, atol=0
    )
    images.requires_grad_()
    apply_in_chunks(function, images, factor).sum().backward()
    torch.testing.assert_close(images.grad[:, 0, 0, 0], factor)
