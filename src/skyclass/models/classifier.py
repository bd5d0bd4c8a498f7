"""A classifier: an image type and a network, from calibrated cutouts to probabilities."""

import html
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skyclass.errors import ModelError
from skyclass.images.renderer import Renderer
from skyclass.models.calibration_objects import CalibrationObjects
from skyclass.models.measured_features import MeasuredFeatures
from skyclass.models.measured_inputs import complete_measured
from skyclass.models.model_spec import ModelSpec
from skyclass.models.registry import create_network
from skyclass.models.torch_threads import map_on_threads
from skyclass.models.training_history import TrainingHistory

__all__ = ["Change", "Classifier", "compute_picture_shape"]

Change = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor | None]]
"""From registered cutouts `[n, band, y, x]` and what was measured `[n, column]` to others."""

_CPU_BATCH: Final = 32
_BATCH: Final = 256


class Classifier(nn.Module):
    """Calibrated cutouts in, logits out.

    Parameters
    ----------
    spec
        Model to build, with fresh weights.

    Attributes
    ----------
    history
        Figures of its training, if it was loaded from a folder that holds them.
    calibration
        Its calibration objects, if it was loaded from a folder that holds them.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.history: TrainingHistory | None = None
        self.calibration: CalibrationObjects | None = None
        self.renderer = Renderer(
            spec.image_type,
            spec.registration,
            bands=spec.bands,
            survey=spec.survey,
            crop=spec.crop,
            size=spec.image_size,
            resize=spec.resize,
            upscaler=Path(spec.upscaler) if spec.upscaler else None,
        )
        self.samples = self.renderer.image_type.samples
        self.picture_shape = compute_picture_shape(self.renderer, spec.size)
        scaling = spec.measured_scaling
        self.measured = None if scaling is None else MeasuredFeatures(scaling)
        measured = 0 if self.measured is None else self.measured.width
        channels, *size = self.picture_shape
        network = create_network(
            spec.network,
            channels,
            len(spec.labels),
            (size[0], size[1]),
            head=spec.head,
            extra=2 * len(spec.column_mean) + measured,
            measured=measured,
            normalisation=spec.normalisation,
            native=spec.native,
            patch=spec.patch,
        )
        # with the channel as the fastest axis in memory, convolutions are up to twice as fast
        self.network = network.to(memory_format=torch.channels_last)

    def __repr__(self) -> str:
        """Format the headline."""
        return f"Classifier({'; '.join(self._describe().values())})"

    def _repr_html_(self) -> str:
        """Format the headline as a table for notebooks."""
        rows = "".join(
            f"<tr><th>{key}</th><td>{html.escape(value)}</td></tr>"
            for key, value in self._describe().items()
        )
        return f"<table>{rows}</table>"

    def _describe(self) -> dict[str, str]:
        """Describe what it tells apart, on which survey, with which network, and how well."""
        spec = self.spec
        rows = {
            "Classes": f"{spec.task}: {' '.join(spec.labels)}",
            "Survey": spec.survey + (", simulated" if spec.simulated else ""),
            "Network": f"{spec.network} on {spec.image_type}",
        }
        if self.history is not None:
            accuracy = self.history.best.validation_accuracy
            rows["Quality"] = f"validation accuracy {accuracy:.3f}"
        return rows

    @property
    def head(self) -> nn.Module:
        """From features `[n, width]` to logits `[n, class]`."""
        return self.network.head

    @property
    def width(self) -> int:
        """Features of a picture, and the columns and measurements joined to them."""
        return self.network.width + self.network.extra

    @property
    def batch_size(self) -> int:
        """Cutouts to classify at once: on a CPU as many as its cache holds of a layer."""
        return _CPU_BATCH if next(self.parameters()).device.type == "cpu" else _BATCH

    @property
    def temperature(self) -> float:
        """Divisor of the logits before the softmax; part of the specification."""
        return self.spec.temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self.spec = replace(self.spec, temperature=value)

    def embed(
        self,
        flux: Tensor,
        offset: Tensor | None = None,
        change: Change | None = None,
        columns: Tensor | None = None,
        measured: Tensor | None = None,
    ) -> Tensor:
        """Compute the features that the head takes.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, band, y, x]`.
        offset
            Pixels in y and x from the cutouts' centres to the objects, `[n, band, 2]`; may be
            omitted if the bands are not registered.
        change
            Applied to the registered cutouts and to `measured`; nothing by default.
        columns
            Catalogue columns, `[n, column]`, NaN for a missing value; for a model that takes any.
        measured
            What was measured (`skyclass.models.measured_inputs.make_measured_inputs`),
            `[n, column]`; for a model that is told of it.

        Returns
        -------
        torch.Tensor
            `[n * samples, width]`, the samples of one object after one another.

        Raises
        ------
        ModelError
            If columns or measurements are missing.
        """
        registered = self.renderer.align(flux, offset)
        if change is not None:
            registered, measured = change(registered, measured)
        features = self.network.embed(self.renderer.draw(registered))
        joined = self.compute_joined(columns, measured)
        if joined is None:
            return features
        repeated = joined.to(features).repeat_interleave(self.samples, dim=0)
        return torch.cat([features, repeated], dim=1)

    def compute_joined(self, columns: Tensor | None, measured: Tensor | None) -> Tensor | None:
        """Compute the features that are joined to those of a picture.

        Parameters
        ----------
        columns, measured
            As `embed` takes them.

        Returns
        -------
        torch.Tensor or None
            `[n, extra]`, the measured features last; None if the model takes neither.

        Raises
        ------
        ModelError
            If columns or measurements are missing.
        """
        parts = []
        if self.spec.columns:
            if columns is None:
                raise ModelError(f"the model needs the columns {', '.join(self.spec.columns)}")
            parts.append(self._standardise_columns(columns))
        if self.measured is not None:
            if measured is None:
                raise ModelError("the model needs what was measured of the objects")
            with torch.autocast(measured.device.type, enabled=False):
                parts.append(self.measured(measured))
        return torch.cat(parts, dim=1) if parts else None

    def forward(
        self,
        flux: Tensor,
        offset: Tensor | None = None,
        change: Change | None = None,
        columns: Tensor | None = None,
        measured: Tensor | None = None,
    ) -> Tensor:
        """Compute logits, not divided by the temperature: `[n * samples, class]`; see `embed`."""
        logits: Tensor = self.head(self.embed(flux, offset, change, columns, measured))
        return logits

    def compute_probabilities(
        self,
        flux: Tensor,
        offset: Tensor | None = None,
        columns: Tensor | None = None,
        measured: Tensor | None = None,
    ) -> Tensor:
        """Compute probabilities of one batch in double precision: `[n, class]`; see `embed`."""
        logits = self(flux, offset, columns=columns, measured=measured).double()
        shares = torch.softmax(logits / self.temperature, dim=1)
        return shares.reshape(-1, self.samples, shares.shape[-1]).mean(dim=1)

    def probabilities(
        self,
        flux: NDArray[np.float32],
        offset: NDArray[np.float32] | None = None,
        batch_size: int | None = None,
        columns: NDArray[np.float32] | None = None,
        measured: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float64]:
        """Classify cutouts.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, band, y, x]`.
        offset
            Pixels in y and x from the cutouts' centres to the objects, `[n, band, 2]`; may be
            omitted if the bands are not registered.
        batch_size
            Cutouts a batch; by default 32 on a CPU and 256 elsewhere.
        columns
            Catalogue columns, `[n, column]`; for a model that takes any.
        measured
            What was measured (`skyclass.models.measured_inputs.make_measured_inputs`),
            `[n, column]`; a model that is told of it measures the cutouts themselves by default.

        Returns
        -------
        numpy.ndarray
            Probabilities, `[n, class]`, each row adding up to one; the mean over the samples of an
            object if the image type makes several.
        """
        self.eval()
        device = next(self.parameters()).device
        step = batch_size or self.batch_size
        measured = complete_measured(measured, self.spec, flux, offset)

        @torch.inference_mode()
        def compute(start: int) -> NDArray[np.float64]:
            part = np.s_[start : start + step]
            inputs = (
                None if values is None else torch.from_numpy(values[part]).to(device)
                for values in (offset, columns, measured)
            )
            shares = self.compute_probabilities(torch.from_numpy(flux[part]).to(device), *inputs)
            return np.asarray(shares.cpu().numpy())

        starts = range(0, len(flux), step)
        on_cpu = device.type == "cpu"
        rows = map_on_threads(compute, starts) if on_cpu else [compute(start) for start in starts]
        return np.concatenate([np.empty((0, len(self.spec.labels))), *rows])

    def _standardise_columns(self, columns: Tensor) -> Tensor:
        """Standardise columns as `standardise` does, in a graph that can be exported."""
        mean, deviation = (
            torch.tensor(values, dtype=torch.float64, device=columns.device)
            for values in (self.spec.column_mean, self.spec.column_deviation)
        )
        known = columns.isfinite()
        scaled = torch.where(known, (columns.double() - mean) / deviation, 0.0)
        return torch.cat([scaled, (~known).to(scaled)], dim=1)


@torch.no_grad()
def compute_picture_shape(renderer: Renderer, side: int) -> tuple[int, ...]:
    """Compute the shape of a picture, by drawing an empty one.

    Parameters
    ----------
    renderer
        Draws pictures.
    side
        Pixels a side of the cutouts.

    Returns
    -------
    tuple
        Channels, rows and columns.
    """
    empty = torch.zeros(1, len(renderer.image_type.bands), side, side)
    return tuple(renderer.draw(empty).shape[1:])
