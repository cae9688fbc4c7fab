"""The user's own encoder as an embedding: a module of torch, and its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

import numpy as np

from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.embeddings.functions import as_vectors
from lightning_synthaug.generators.gates.functions import describe_function, find_function
from lightning_synthaug.generators.torch_identity import describe_module, plain
from lightning_synthaug.generators.torch_network import load_network, own_randomness
from lightning_synthaug.generators.torch_weights import weights_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt
    from torch import Tensor, nn

    from lightning_synthaug.data.modality import Modality
    from lightning_synthaug.data.record import Record

__all__ = ["TorchEmbedding"]

#: Samples that are embedded at once, so that memory stays small.
_AT_ONCE: Final = 128


@final
class TorchEmbedding(Embedding):
    """Embed by a network of your own.

    Args:
        weights: A `.safetensors` file, or a state dict.
        module: The network, something that makes it, or its import path `"package.module:Class"`.
        preprocess: Makes a list of records one tensor, the network's input; or its import path.
        module_args: Keyword arguments for what makes the network.
        modality: What it takes.
        identity: What tells `preprocess` from other functions, instead of its path.

    Raises:
        ConfigError: Nothing tells `preprocess` from others (SA455).
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        weights: str | Path,
        module: nn.Module | Callable[..., nn.Module] | str,
        preprocess: Callable[[list[Record]], Tensor] | str,
        *,
        module_args: Mapping[str, Any] | None = None,
        modality: Modality = "image",
        identity: str | None = None,
    ) -> None:
        describe_function(preprocess, identity)
        self.weights = weights
        self.module = module
        self.preprocess = preprocess
        self.module_args = module_args
        self.modality = modality
        self.identity = identity

    def settings(self) -> dict[str, Any]:
        """List the settings that change vectors; the weights by what is in the file.

        Raises:
            GeneratorError: The file is missing (SA411).
            ConfigError: Nothing tells the module from others (SA415).
        """
        return {
            "weights": weights_digest(self.weights),
            "module": describe_module(self.module),
            "module_args": plain(self.module_args or {}),
            "preprocess": describe_function(self.preprocess, self.identity),
        }

    def load(self, device: str = "cpu") -> None:
        """Read the weights.

        Args:
            device: Torch device.

        Raises:
            GeneratorError: They cannot be read, or do not fit (SA411 and the like).
        """
        with own_randomness("cpu"):  # a module draws its first weights before it gets its own
            self._network = load_network(
                Path(self.weights),
                module=self.module,
                module_args=self.module_args or {},
                device=device,
            )
        super().load(device)

    def unload(self) -> None:
        """Give back the memory of the network."""
        self._network = None
        super().unload()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: it is read where it is needed."""
        return {**self.__dict__, "_network": None, "_device": None}

    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Have the network embed samples; it is loaded if it is not yet.

        Args:
            records: The samples, one or more.

        Raises:
            GateError: It does not return a vector for each sample (SA462).
        """
        import torch

        if self._network is None:
            self.load()
        prepare = find_function(self.preprocess)
        vectors = []
        for start in range(0, len(records), _AT_ONCE):
            part = list(records[start : start + _AT_ONCE])
            with torch.inference_mode():
                vectors.append(as_vectors(self._network(prepare(part).to(self._device)), len(part)))
        return np.concatenate(vectors)

    _network: Any = None
