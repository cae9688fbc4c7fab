"""Models of the Hugging Face Hub, or of a folder: found, told apart and loaded without running their code."""

from __future__ import annotations

import functools
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from lightning_synthaug.errors import GateError, MissingDependency, install_hint
from lightning_synthaug.generators.digest import canonical_digest, file_digest
from lightning_synthaug.generators.gates.score import Scored
from lightning_synthaug.generators.torch_network import own_randomness

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["PretrainedScore", "load_model", "model_digest", "model_folder", "transformers_library"]

#: Files of a model: weights as data, settings, and the words of a tokenizer.
_FILES: Final = ("*.safetensors", "*.json", "*.txt", "*.model")


class PretrainedScore(Scored):
    """Score samples by a pretrained model.

    Attributes:
        model: A folder, or the name of a model on the Hub.
        revision: Commit, tag or branch there, or None.
    """

    model: str | Path
    revision: str | None

    @abstractmethod
    def read_model(self, folder: Path, device: str) -> Any:
        """Read the model and what prepares its inputs.

        Args:
            folder: Where its files are.
            device: Torch device.

        Returns:
            What `score` needs, kept as `self.loaded` until `unload`.
        """

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts; the model by what is in its files."""
        folder = model_folder(self.model, self.revision)
        return {**super().settings(), "model": model_digest(folder)}

    def load(self, device: str = "cpu") -> None:
        """Read the model.

        Args:
            device: Torch device.

        Raises:
            GateError: There is no such model, or it does not fit (SA457).
            MissingDependency: `transformers` is not installed (SA458).
        """
        with own_randomness("cpu"):  # some versions draw weights before they read them
            self.loaded = self.read_model(model_folder(self.model, self.revision), device)
        super().load(device)

    def unload(self) -> None:
        """Give back the memory of the model."""
        self.loaded = None
        super().unload()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model behind: it is read where it is needed."""
        return {**self.__dict__, "loaded": None, "_device": None}

    loaded: Any = None


def transformers_library() -> ModuleType:
    """Import what reads pretrained models.

    Raises:
        MissingDependency: It is not installed (SA458).
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingDependency(
            "SA458",
            f"A gate with a pretrained model needs transformers, got {error}. {install_hint('images', 'text')}",
        ) from error
    return transformers


def model_folder(model: str | Path, revision: str | None = None) -> Path:
    """Find the files of a model, downloading them where they are neither here nor kept from before.

    Args:
        model: A folder, or the name of a model on the Hub.
        revision: Commit, tag or branch there, or None.

    Returns:
        The folder.

    Raises:
        GateError: There is no such model, or its weights are not safetensors (SA457).
        MissingDependency: `transformers` is not installed (SA458).
    """
    folder = Path(model) if Path(model).is_dir() else _downloaded(str(model), revision)
    if not any(folder.glob("*.safetensors")):
        _refuse(model, "no .safetensors file in it")
    return folder


def model_digest(folder: Path) -> str:
    """Digest the files of a model, whatever its folder is called.

    Args:
        folder: Where they are.

    Returns:
        32 hexadecimal digits.
    """
    files = {path.name: path for pattern in _FILES for path in folder.glob(pattern)}
    return canonical_digest({name: file_digest(path) for name, path in files.items()})


def load_model(kind: Any, folder: Path, device: str) -> Any:
    """Read a model for use, and make sure that all of its weights were there.

    Args:
        kind: Class of transformers that reads it, such as `AutoModel`.
        folder: Where its files are.
        device: Torch device.

    Returns:
        The model.

    Raises:
        GateError: It cannot be read, or lacks weights (SA457).
    """
    try:
        model, report = kind.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        _refuse(folder, str(error).strip().split("\n")[0], error)
    missing = sorted(report["missing_keys"])
    if missing:
        _refuse(folder, f"no weights for {', '.join(missing[:4])}")
    return model.to(device).eval()


@functools.cache
def _downloaded(model: str, revision: str | None) -> Path:
    """Find a model of the Hub, once in a process, so that it does not change in the meantime."""
    transformers_library()
    import huggingface_hub

    try:
        return Path(
            huggingface_hub.snapshot_download(model, revision=revision, allow_patterns=list(_FILES))
        )
    except Exception as error:  # whatever the network and the Hub raise
        _refuse(model, str(error).strip().split("\n")[0], error)


def _refuse(model: str | Path, why: str, cause: BaseException | None = None) -> NoReturn:
    """Refuse a model."""
    raise GateError(
        "SA457",
        f'`model` must be a folder, or a model of the Hugging Face Hub, with weights as safetensors, got "{model}" '
        f"({why}). Save it with `model.save_pretrained(folder)`, together with its tokenizer or processor.",
    ) from cause
