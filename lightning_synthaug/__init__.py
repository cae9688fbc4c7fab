"""Mix real, transformed and synthetic samples into training, exactly and reproducibly.

Names are loaded at first use, so that importing the package costs nothing and pulls in neither torch nor Lightning.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightning_synthaug import transforms
    from lightning_synthaug.data import Record
    from lightning_synthaug.errors import SynthAugError
    from lightning_synthaug.generators import (
        BackTranslation,
        FolderGenerator,
        Generator,
        LanguageModelParaphraser,
        LanguageModelWriter,
        Rejection,
        Request,
        TorchGenerator,
        seen_samples,
    )
    from lightning_synthaug.generators.gates import (
        FidelityBand,
        Gate,
        LabelConsistency,
        NearDuplicate,
        Repetition,
    )
    from lightning_synthaug.lightning import SynthAug, SynthAugDataModule
    from lightning_synthaug.mixing import (
        BatchInfo,
        Ledger,
        Recipe,
        batch_info,
        merge_batchnorm,
        mix,
        split_batchnorm,
    )
    from lightning_synthaug.plan import (
        Constant,
        Cosine,
        Exponential,
        Linear,
        Piecewise,
        Schedule,
        Sigmoid,
        Steps,
    )

__version__ = "0.1.0"

__all__ = [
    "BackTranslation",
    "BatchInfo",
    "Constant",
    "Cosine",
    "Exponential",
    "FidelityBand",
    "FolderGenerator",
    "Gate",
    "Generator",
    "LabelConsistency",
    "LanguageModelParaphraser",
    "LanguageModelWriter",
    "Ledger",
    "Linear",
    "NearDuplicate",
    "Piecewise",
    "Recipe",
    "Record",
    "Rejection",
    "Repetition",
    "Request",
    "Schedule",
    "Sigmoid",
    "Steps",
    "SynthAug",
    "SynthAugDataModule",
    "SynthAugError",
    "TorchGenerator",
    "batch_info",
    "merge_batchnorm",
    "mix",
    "seen_samples",
    "split_batchnorm",
    "transforms",
]

_HOMES = {
    "data": ("Record",),
    "errors": ("SynthAugError",),
    "generators": (
        "BackTranslation",
        "FolderGenerator",
        "Generator",
        "LanguageModelParaphraser",
        "LanguageModelWriter",
        "Rejection",
        "Request",
        "TorchGenerator",
        "seen_samples",
    ),
    "generators.gates": ("FidelityBand", "Gate", "LabelConsistency", "NearDuplicate", "Repetition"),
    "mixing": (
        "BatchInfo",
        "Ledger",
        "Recipe",
        "batch_info",
        "merge_batchnorm",
        "mix",
        "split_batchnorm",
    ),
    "plan": (
        "Constant",
        "Cosine",
        "Exponential",
        "Linear",
        "Piecewise",
        "Schedule",
        "Sigmoid",
        "Steps",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name at first use."""
    if name == "SynthAug":
        # Chosen anew at each access: which Lightning package is loaded may have changed.
        return import_module("lightning_synthaug.trainer").callback_class()
    if name == "SynthAugDataModule":
        return import_module("lightning_synthaug.trainer").datamodule_class()
    if name == "transforms":  # a module to itself: its functions are named by what they are for
        return import_module(f"{__name__}.transforms")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
