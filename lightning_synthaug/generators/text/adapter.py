"""What was fitted on top of a language model: small matrices that are added to its weights."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, final

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators.digest import canonical_digest, file_digest
from lightning_synthaug.generators.libraries import needed_library
from lightning_synthaug.generators.text.pretrained import model_digest

__all__ = ["ADAPTER_CONFIG", "ADAPTER_WEIGHTS", "Adapter"]

ADAPTER_WEIGHTS = "adapter_model.safetensors"
"""Name of the file of weights, as `peft` has it."""
ADAPTER_CONFIG = "adapter_config.json"
"""Name of the file that says where they belong, as `peft` has it."""


@final
@dataclass(frozen=True)
class Adapter:
    """A folder in the form of `peft`, and the model that it belongs to.

    Attributes:
        folder: With `adapter_model.safetensors` and `adapter_config.json`.
        base: Digest of the model that it was fitted on, as `model_digest` makes it.
    """

    folder: Path
    base: str

    def settings(self) -> dict[str, Any]:
        """List what changes the samples; the model need not be there for it."""
        files = {
            name: file_digest(self.folder / name) for name in (ADAPTER_WEIGHTS, ADAPTER_CONFIG)
        }
        return {"model": self.base, "adapter": canonical_digest(files)}

    def check(self, model: str | Path, revision: str | None) -> None:
        """Insist on the model that it was fitted on.

        Args:
            model: A folder, a GGUF file, or the name of a model on the Hub.
            revision: Commit, tag or branch there, or None.

        Raises:
            GeneratorError: It is not there, or another one (SA834).
        """
        try:
            found = model_digest(model, revision)
        except GeneratorError as error:
            self._refuse(model, error.message, error)
        if found != self.base:
            self._refuse(model, f"digest {found}")

    def merged(self, network: Any) -> Any:
        """Add it to a model's weights.

        Args:
            network: The model, in `transformers`' form; it is changed.

        Returns:
            The model, as large and as fast as before.

        Raises:
            MissingDependency: `peft` is not installed (SA832).
        """
        peft = needed_library("peft", "A fitted language model", "lora")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it uses of transformers is to be renamed there
            fitted = peft.PeftModel.from_pretrained(network, str(self.folder))
            return fitted.merge_and_unload().eval()

    def _refuse(self, model: str | Path, got: str, cause: Exception | None = None) -> NoReturn:
        """Say which model is missing."""
        msg = (
            f"A fitted language model must have the model that it was fitted on, digest {self.base}, got "
            f'"{model}" ({got}). Name the place where it is now: load_fitted(folder, model="...").'
        )
        raise GeneratorError("SA834", msg) from cause
