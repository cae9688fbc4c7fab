"""What a fit leaves behind: weights, what the card says of them, and files beside them."""

from __future__ import annotations

import dataclasses
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
from safetensors.torch import save

from lightning_synthaug.fitting.cvae import CVAE
from lightning_synthaug.fitting.report import judge_samples, picture_samples, sound_samples
from lightning_synthaug.fitting.saved import ENCODER, WEIGHTS
from lightning_synthaug.fitting.text_report import judge_texts
from lightning_synthaug.fitting.training import network_arguments
from lightning_synthaug.generators.fitted_on import DIGESTS, text_digest
from lightning_synthaug.generators.text.adapter import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from lightning_synthaug.generators.text.pretrained import model_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from lightning_synthaug.fitting.data import FitData
    from lightning_synthaug.fitting.language import LanguageModel
    from lightning_synthaug.fitting.module import FitModule
    from lightning_synthaug.fitting.texts import TextData
    from lightning_synthaug.fitting.training import Fitted

__all__ = ["Result", "image_result", "text_result"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What is written.

    Attributes:
        weights: Named tensors.
        card: What the card says besides what all cards do.
        files: Contents of further files by name.
        weights_name: File of the weights.
    """

    weights: Mapping[str, Tensor]
    card: Mapping[str, Any]
    files: Mapping[str, bytes]
    weights_name: str = WEIGHTS


def image_result(
    module: FitModule,
    fitted: Fitted,
    settings: Mapping[str, Any],
    data: FitData,
    held_out: FitData | None,
) -> Result:
    """Gather what a fit on images leaves; nothing that was measured on them where it was private.

    Args:
        module: Fitted.
        fitted: How it went.
        settings: All settings.
        data: What was fitted on.
        held_out: What was not, or None.

    Returns:
        Weights, card and files.
    """
    private = "epsilon" in settings
    shape = module.latent_shape
    told = {"privacy": fitted.privacy} if private else {"losses": fitted.losses}
    if not private:
        told["report"] = judge_samples(module, data, held_out)
    files = {} if private else {DIGESTS: _digest_file(data.digests)}
    if isinstance(module, CVAE) and not private:
        files[ENCODER] = save(_on_cpu(module.averaged_encoder.state_dict()))
    picture = picture_samples(module, None if private else data)
    if picture is not None:
        files["samples.png"] = picture
    files |= sound_samples(module, data)
    sound = {} if data.spectrograms is None else {"sound": dataclasses.asdict(data.spectrograms)}
    card = {
        "network": {
            "module": module.module,
            "arguments": network_arguments(data, settings),
            "latent": shape[0] if len(shape) == 1 else list(shape),
        },
        "output": {"dtype": data.dtype, "range": list(module.pixel_range)},
        "settings": settings,
        **sound,
        **told,
    }
    return Result(_on_cpu(module.shipped.state_dict()), card, files)


def text_result(
    module: LanguageModel,
    fitted: Fitted,
    settings: Mapping[str, Any],
    data: TextData,
    held_out: TextData | None,
) -> Result:
    """Gather what a fit on texts leaves, in a form that `peft` reads, too.

    Args:
        module: Fitted.
        fitted: How it went.
        settings: All settings.
        data: What was fitted on.
        held_out: What was not, or None.

    Returns:
        Weights, card and files.
    """
    report, samples = judge_texts(module, data, held_out)
    model, revision = settings["model"], settings["revision"]
    here = Path(model).exists()
    config = {
        **module.network.peft_config["default"].to_dict(),
        "inference_mode": True,
        # A place on this machine would make samples of the same weights look like those of others.
        "base_model_name_or_path": None if here else model,
    }
    plain = {key: sorted(v) if isinstance(v, set) else v for key, v in config.items()}
    card = {
        "base": {
            "model": str(Path(model).resolve() if here else model),
            "revision": revision,
            "digest": model_digest(model, revision),
            "dtype": settings["dtype"],
        },
        "prompt": module.told.text,
        "settings": {key: v for key, v in settings.items() if key not in ("model", "prompt")},
        "losses": fitted.losses,
        "report": report,
    }
    digests = np.array([text_digest(text) for text in data.texts], np.uint64)
    files = {
        ADAPTER_CONFIG: (json.dumps(plain, indent=2) + "\n").encode(),
        DIGESTS: _digest_file(digests),
        "samples.tsv": samples,
    }
    return Result(_on_cpu(module.judged_weights()), card, files, ADAPTER_WEIGHTS)


def _on_cpu(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take the weights out."""
    return {key: value.cpu().contiguous() for key, value in weights.items()}


def _digest_file(digests: NDArray[np.uint64]) -> bytes:
    """Write digests, ascending."""
    file = io.BytesIO()
    np.save(file, np.sort(digests), allow_pickle=False)
    return file.getvalue()
