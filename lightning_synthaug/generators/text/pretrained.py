"""Language models of a folder, of a GGUF file or of the Hugging Face Hub: found, told apart and read as data."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from lightning_synthaug.errors import GeneratorError, MissingDependency, install_hint
from lightning_synthaug.generators.digest import canonical_digest, file_digest

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["find_model", "model_digest", "read_model", "transformers_library"]

#: Files of a model: weights as data, settings, the words of a tokenizer, its form of a chat.
_FILES: Final = ("*.safetensors", "*.json", "*.txt", "*.model", "*.spm", "*.jinja")


def transformers_library() -> ModuleType:
    """Import what reads language models.

    Raises:
        MissingDependency: It is not installed (SA830).
    """
    try:
        import transformers
    except ImportError as error:
        msg = f"A generator of texts needs transformers, got {error}. {install_hint('text')}"
        raise MissingDependency("SA830", msg) from error
    return transformers


def find_model(model: str | Path, revision: str | None = None) -> tuple[Path, str | None]:
    """Find the files of a model, downloading them where they are neither here nor kept from before.

    Args:
        model: A folder with safetensors or one GGUF file, a GGUF file, or the name of a model on the Hub.
        revision: Commit, tag or branch there, or None.

    Returns:
        The folder, and the name of the GGUF file or None for safetensors.

    Raises:
        GeneratorError: There is no such model, or its weights have another form (SA480).
        MissingDependency: `transformers` is not installed (SA830).
    """
    place = Path(model)
    if place.is_file() and place.suffix == ".gguf":
        return place.parent, place.name
    folder = place if place.is_dir() else _downloaded(str(model), revision)
    if any(folder.glob("*.safetensors")):
        return folder, None
    packed = sorted(path.name for path in folder.glob("*.gguf"))
    if len(packed) != 1:
        _refuse(model, f"no .safetensors and {len(packed)} .gguf files in it")
    return folder, packed[0]


def model_digest(model: str | Path, revision: str | None = None) -> str:
    """Digest the files of a model, whatever its folder is called.

    Args:
        model: As for `find_model`.
        revision: As for `find_model`.

    Returns:
        32 hexadecimal digits.
    """
    folder, packed = find_model(model, revision)
    files = {path.name: path for pattern in _FILES for path in folder.glob(pattern)}
    chosen = files if packed is None else {"gguf": folder / packed}
    return canonical_digest({name: file_digest(path) for name, path in chosen.items()})


def read_model(
    model: str | Path, revision: str | None, *, device: str, dtype: str
) -> tuple[Any, Any]:
    """Read a causal or an encoder-decoder model and its tokenizer; no code of theirs is run.

    Args:
        model: As for `find_model`.
        revision: As for `find_model`.
        device: Torch device.
        dtype: Name of a torch dtype.

    Returns:
        The model, ready to be used, and the tokenizer.

    Raises:
        GeneratorError: They cannot be read, or weights are missing (SA480).
    """
    import torch
    from safetensors import SafetensorError

    library = transformers_library()
    folder, packed = find_model(model, revision)
    where: dict[str, Any] = {"local_files_only": True}
    if packed is not None:
        where["gguf_file"] = packed
    try:
        config = library.AutoConfig.from_pretrained(folder, **where)
        kind = (
            library.AutoModelForSeq2SeqLM
            if config.is_encoder_decoder
            else library.AutoModelForCausalLM
        )
        tokenizer = library.AutoTokenizer.from_pretrained(folder, **where)
        made, report = kind.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            output_loading_info=True,
            **(where if packed else {**where, "use_safetensors": True}),
        )
    except (OSError, ValueError, RuntimeError, ImportError, KeyError, SafetensorError) as error:
        _refuse(model, (str(error).strip() or repr(error)).split("\n")[0], error)
    missing = sorted(report["missing_keys"])
    if missing:
        _refuse(model, f"no weights for {', '.join(missing[:4])}")
    return made.to(device).eval(), tokenizer


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
    msg = (
        "`model` must be a folder or a model of the Hugging Face Hub with weights as safetensors or GGUF, and a "
        f'tokenizer, got "{model}" ({why}). Save it with `model.save_pretrained(folder)` and '
        "`tokenizer.save_pretrained(folder)`."
    )
    raise GeneratorError("SA480", msg) from cause
