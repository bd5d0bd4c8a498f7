"""Rates of training and inference on a GPU, and how busy stored cutouts keep it.

Usage: python benchmarks/gpu.py [--smoke]          (--smoke: tiny, also on a processor; no figures)

Printed, for one GPU in bf16:

- the rate of bare matrix products, and what share of it ViT-B/16 fine-tuning at 224 pixels reaches
  (3 times 17.6 GFLOP an image), with and without `torch.compile`;
- the same with Hugging Face's Trainer on the same pictures, where `transformers` is installed;
- training and inference of the five source backbones;
- training steps fed from stored cutouts against steps on pictures that lie in the GPU's memory: the
  ratio is the share of time that the GPU computes.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from features import LABELS, write_cutouts
from torch.utils.data import Dataset

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.sdss.layout import BANDS
from skyclass.training.dataloader import CutoutBatch, make_loader
from skyclass.training.device import get_device, make_autocast
from skyclass.training.lightning_module import ClassifierModule
from skyclass.training.optimizer import make_optimizer
from skyclass.training.sampler import TrainingBatchSampler
from skyclass.training.steps import compute_steps

SMOKE = "--smoke" in sys.argv
OBJECTS, STEPS, WARM, BATCH = (80, 2, 1, 8) if SMOKE else (20_000, 60, 15, 256)
SIZE = 64 if SMOKE else 224
VIT = "vit_tiny_patch16_224" if SMOKE else "vit_base_patch16_224"
FIVE = ("resnet18",) if SMOKE else (VIT, "mobilenetv2_100", "resnet50", "vgg16", "legacy_xception")
GFLOP = 3 * 17.6
"""Of a training step of ViT-B/16 at 224 pixels, an image (Dosovitskiy et al. 2021, ICLR)."""


def synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def measure_rate(step: Callable[[], int]) -> float:
    """Objects a second, after the steps that warm up."""
    for _ in range(WARM):
        step()
    synchronise()
    start = time.perf_counter()
    done = sum(step() for _ in range(STEPS))
    synchronise()
    return done / (time.perf_counter() - start)


def make_module(network: str, config: TrainingConfig) -> ClassifierModule:
    spec = ModelSpec(
        *("t", LABELS, "lupton:irg", network, 64, BANDS, "nanomaggy", True, "shift"),
        image_size=SIZE,
        resize="bilinear",
        normalisation="symmetric",
        native=SMOKE and network.startswith("vit"),
    )
    steps, ones = compute_steps(OBJECTS, config), torch.ones(len(LABELS))
    module = ClassifierModule(
        *(Classifier(spec), config, AugmentationConfig(), steps),
        counts=ones,
        names=[None] * OBJECTS,
        seed=1,
    )
    return module.to(get_device())


def make_step(
    module: ClassifierModule, batches: Iterator[CutoutBatch], drawn: torch.Tensor | None = None
) -> Callable[[], int]:
    """Make a training step on stored cutouts, or on pictures that are ready."""
    optimizer, numbers = (
        make_optimizer(module.classifier.network, module.config),
        iter(range(10**9)),
    )

    def step() -> int:
        with make_autocast(module.config):
            if drawn is None:
                batch = module.transfer_batch_to_device(next(batches), get_device(), 0)
                loss, _ = module.compute_loss(batch, next(numbers))
            else:
                label = torch.arange(len(drawn), device=get_device()) % len(LABELS)
                loss = module.criterion(module.classifier.network(drawn), label)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return BATCH

    return step


def iterate_endlessly(folder: Path, config: TrainingConfig) -> Iterator[CutoutBatch]:
    cutouts = open_cutouts(folder)["train"]
    steps = compute_steps(len(cutouts), config)
    sampler = TrainingBatchSampler(cutouts.label, steps, config.batch_size, "none", 1)
    batches = make_loader(cutouts, sampler)
    number = 0
    while True:
        sampler.set_epoch(number)
        yield from batches
        number += 1


def measure_matrix_rate() -> float:
    """TFLOP a second of bare products in bf16."""
    n = 256 if SMOKE else 8192
    one, other = (torch.randn(n, n, device=get_device(), dtype=torch.bfloat16) for _ in range(2))

    def product() -> int:
        torch.mm(one, other)
        return 1

    return measure_rate(product) * 2 * n**3 / 1e12


def measure_inference_rate(network: str, config: TrainingConfig, drawn: torch.Tensor) -> float:
    net = make_module(network, config).eval().classifier.network

    @torch.inference_mode()
    def infer() -> int:
        with make_autocast(config):
            net(drawn)
        return len(drawn)

    return measure_rate(infer)


class Pictures(Dataset[dict[str, Any]]):
    """Pictures as Hugging Face's Trainer takes them, drawn by skyclass beforehand."""

    def __init__(self, images: torch.Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return (WARM + STEPS) * BATCH

    def __getitem__(self, row: int) -> dict[str, Any]:
        row %= len(self.images)
        return {"pixel_values": self.images[row], "labels": row % len(LABELS)}


def measure_hugging_face_rate(drawn: torch.Tensor) -> float | None:
    """Images a second of Hugging Face's Trainer with the same model, data and precision."""
    with contextlib.suppress(ImportError):
        from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification

        small = {"hidden_size": 192, "num_attention_heads": 3, "intermediate_size": 768}
        shape = ViTConfig(image_size=SIZE, num_labels=len(LABELS), **(small if SMOKE else {}))
        with tempfile.TemporaryDirectory() as out:
            arguments = TrainingArguments(
                out,
                per_device_train_batch_size=BATCH,
                num_train_epochs=1,
                bf16=torch.cuda.is_available(),
                dataloader_num_workers=0 if SMOKE else 12,
                report_to=[],
                save_strategy="no",
                disable_tqdm=True,
            )
            trainer = Trainer(
                ViTForImageClassification(shape), arguments, train_dataset=Pictures(drawn.cpu())
            )
            return float(trainer.train().metrics["train_samples_per_second"])
    return None


def main() -> None:
    if not torch.cuda.is_available() and not SMOKE:
        sys.exit("no GPU here; --smoke tries the script on a processor")
    torch.set_float32_matmul_precision("high")
    config = TrainingConfig(batch_size=BATCH, epochs=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "cutouts"
        write_cutouts(folder, OBJECTS * 5 // 4, 64)
        feed = iterate_endlessly(folder, config)
        first = next(feed)
        with torch.no_grad():
            renderer = make_module(VIT, config).classifier.renderer
            drawn = renderer(first.flux.to(get_device()), first.offset.to(get_device()))
        peak = measure_matrix_rate()
        print(f"bare products in bf16: {peak:.0f} TFLOP/s")
        for compiled in (False, True)[: 1 if SMOKE else 2]:
            wanted = config.model_copy(update={"compile": compiled})
            images_s = measure_rate(make_step(make_module(VIT, wanted), feed))
            share = images_s * GFLOP / 1e3 / peak
            print(
                f"{VIT} from stored cutouts{', compiled' if compiled else ''}: {images_s:,.0f}"
                f" images/s, {100 * share:.0f} % of that"
            )
        theirs = measure_hugging_face_rate(drawn)
        outcome = "transformers is not installed" if theirs is None else f"{theirs:,.0f} images/s"
        print(f"Hugging Face Trainer on the same pictures: {outcome}")
        print("images/s: training from stored cutouts, on ready pictures, busy; inference")
        for network in FIVE:
            stored = measure_rate(make_step(make_module(network, config), feed))
            ready = measure_rate(make_step(make_module(network, config), feed, drawn))
            infer = measure_inference_rate(network, config, drawn)
            print(
                f"  {network:22} {stored:9,.0f} {ready:9,.0f} {100 * min(1, stored / ready):5.0f} %"
                f" {infer:9,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
