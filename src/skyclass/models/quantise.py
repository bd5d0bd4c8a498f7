"""Quantise the ONNX file of a model: its layers of weights in 8 bits, the rest in 32."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from skyclass.errors import ModelError
from skyclass.extras import check_installed
from skyclass.models.graph_classifier import Feed

__all__ = ["quantise"]


def quantise(path: Path, out: Path, batches: Sequence[Feed]) -> None:
    """Write an ONNX file whose layers of weights compute in 8 bits (static quantisation, QDQ).

    Fluxes span four decades, so the picture is drawn in 32 bits.

    Parameters
    ----------
    path
        ONNX file in 32 bits.
    out
        File to write, with the notes of `path`.
    batches
        Inputs that show which values the layers take.

    Raises
    ------
    MissingExtraError
        If the package `onnx` is not installed.
    ModelError
        If the file cannot be quantised.
    """
    check_installed("onnx", purpose="a model in 8 bits")
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(batches)

        def get_next(self) -> Feed | None:
            return next(self._left, None)

    with TemporaryDirectory() as folder, _silence():
        prepared = Path(folder) / "prepared.onnx"
        try:
            quant_pre_process(path, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                out,
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                op_types_to_quantize=["Conv", "Gemm"],
            )
        except Exception as error:  # of any operation
            reason = str(error).splitlines()[0]
            raise ModelError(f"{path} cannot be quantised: {reason}") from error
    notes = {note.key: note.value for note in onnx.load(path).metadata_props}
    graph = onnx.load(out)
    onnx.helper.set_model_props(graph, notes)
    onnx.save(graph, out)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the advice of onnxruntime on preprocessing, which was done, off the screen."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
