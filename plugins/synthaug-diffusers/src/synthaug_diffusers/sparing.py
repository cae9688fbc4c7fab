"""Calls of a pipeline that ask for less memory once memory ran out, and not before."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, final

from lightning_synthaug.generators import out_of_memory

__all__ = ["SparingPipeline"]

_LOG: Final = logging.getLogger(__name__)


@final
class SparingPipeline:
    """A pipeline on its device.

    Where memory runs out, attention and the decoder first work in slices, then parts of the pipeline that are not at
    work wait in the host's memory. When that is not enough either, the error goes on: who filled the batch halves it.

    Args:
        pipeline: A `DiffusionPipeline`, still on the CPU.
        device: Torch device.
    """

    def __init__(self, pipeline: Any, device: str) -> None:
        self.pipeline = pipeline
        self._device = device
        #: The means that were needed so far, in order.
        self.taken: list[str] = []
        self._means = [self._slice, *([] if device == "cpu" else [self._offload])]
        self._within_memory(self._place)

    def __call__(self, arguments: Callable[[], dict[str, Any]]) -> Any:
        """Call the pipeline.

        Args:
            arguments: Makes the arguments: another attempt needs its random generators anew.

        Returns:
            What the pipeline returns.

        Raises:
            RuntimeError: Memory is full, and all means are exhausted.
        """
        return self._within_memory(lambda: self.pipeline(**arguments()))

    def _within_memory(self, work: Callable[[], Any]) -> Any:
        """Do something, with one more means after each time that memory ran out."""
        while True:
            try:
                return work()
            except Exception as error:
                if not out_of_memory(error) or not self._means:
                    raise
            # Outside of the handler: the error's frames hold the tensors that filled the memory.
            means = self._means.pop(0)
            _LOG.info("%s ran out of memory: %s", type(self.pipeline).__name__, means.__doc__)
            self.taken.append(means.__name__.lstrip("_"))
            _empty_cache()
            means()

    def _place(self) -> None:
        """Move the pipeline to its device, unless its parts go there by themselves."""
        if "offload" not in self.taken:
            self.pipeline.to(self._device)

    def _slice(self) -> None:
        """Attention and the decoder work in slices."""
        self.pipeline.enable_attention_slicing()
        decoder: Any = getattr(self.pipeline, "vae", None)
        if hasattr(decoder, "enable_slicing"):
            decoder.enable_slicing()

    def _offload(self) -> None:
        """Parts that are not at work wait in the host's memory."""
        self.pipeline.enable_model_cpu_offload(device=self._device)


def _empty_cache() -> None:
    """Give cached blocks back, or the next attempt may find no block large enough."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
