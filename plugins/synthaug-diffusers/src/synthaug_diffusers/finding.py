"""Where pipelines and further weights lie: a folder, a file, or what the hub's client fetched or fetches."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from lightning_synthaug.errors import GeneratorError
from synthaug_diffusers.identity import INDEX

__all__ = ["find_part", "find_pipeline", "find_weights"]


def find_pipeline(
    model: str | Path, *, revision: str | None = None, variant: str | None = None
) -> Path:
    """Find a pipeline.

    Args:
        model: Folder, or id on the Hugging Face hub.
        revision: Branch, tag or commit on the hub.
        variant: Which of several copies of the weights, such as `"fp16"`.

    Returns:
        The folder that holds it.

    Raises:
        GeneratorError: The folder holds no pipeline, or the hub cannot be reached and has not been before (SA491).
    """
    folder = Path(model)
    if not folder.exists():
        return _download(str(model), revision, variant, whole=True)
    if not (folder / INDEX).is_file():
        message = (
            f'`model` must be the folder of a pipeline, got "{folder}" without {INDEX}. '
            "Write one with pipeline.save_pretrained(folder); a single file of weights is read by "
            "from_single_file of its pipeline class."
        )
        raise GeneratorError("SA491", message)
    return folder


def find_part(place: str | Path, *, revision: str | None = None) -> Path:
    """Find a part that is no pipeline: a ControlNet.

    Args:
        place: Folder, or id on the Hugging Face hub.
        revision: Branch, tag or commit on the hub.

    Returns:
        The folder that holds it.

    Raises:
        GeneratorError: It is no folder, and the hub cannot be reached and has not been before (SA491).
    """
    folder = Path(place)
    return folder if folder.is_dir() else _download(str(place), revision, None, whole=False)


def find_weights(place: str | Path) -> Path:
    """Find a file of further weights: LoRA, or the embedding of a word.

    Args:
        place: The file, or the folder or hub id that holds it alone.

    Returns:
        The file.

    Raises:
        GeneratorError: There is not exactly one file of safetensors, or the hub cannot be reached (SA491).
    """
    path = Path(place)
    if path.is_file():
        return path
    folder = find_part(place)
    files = sorted(folder.glob("*.safetensors"))
    if len(files) != 1:
        message = (
            f'Further weights must be one file of safetensors, got {[file.name for file in files]} in "{folder}". '
            "Name the file itself; pickled weights are not read."
        )
        raise GeneratorError("SA491", message)
    return files[0]


@functools.lru_cache(maxsize=64)
def _download(name: str, revision: str | None, variant: str | None, *, whole: bool) -> Path:
    """Have the hub's client find or fetch a repository; without a network it looks at what it fetched before."""
    from diffusers import DiffusionPipeline
    from huggingface_hub import snapshot_download, utils

    hub: Any = utils
    try:
        hub.validate_repo_id(name)
    except hub.HFValidationError as error:
        message = (
            f'"{name}" must be a folder, or an id on the Hugging Face hub such as "owner/model", got neither: there is '
            f"nothing at {Path(name).absolute()}. Correct the path."
        )
        raise GeneratorError("SA491", message) from error
    try:
        if whole:
            options = {"use_safetensors": True, "revision": revision, "variant": variant}
            return Path(DiffusionPipeline.download(name, **options))
        wanted = ["*.json", "*.safetensors"]
        return Path(snapshot_download(name, revision=revision, allow_patterns=wanted))
    except (
        Exception
    ) as error:  # each version of the client, and of what it uses, raises another kind
        reason = str(error).strip().partition("\n")[0][:200]
        message = (
            f'"{name}" must be a folder, or an id on the Hugging Face hub that can be reached or was fetched before, '
            f"got {type(error).__name__} ({reason}). Without a network use a folder: run "
            f"`hf download {name} --local-dir FOLDER` where there is one, copy FOLDER here and pass its path."
        )
        raise GeneratorError("SA491", message) from error
