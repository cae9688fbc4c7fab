"""Where an interrupted fit stands: one file beside the folder to be, read as data only."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, final

import torch

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.torch_weights import load_pickled

if TYPE_CHECKING:
    from lightning_synthaug.fitting.step_module import StepModule

__all__ = ["Checkpoint", "module_state", "restore_module"]

_FILE = "last.ckpt"


@final
class Checkpoint:
    """Keep and restore a fit.

    Args:
        out: Folder to be; the checkpoint lies in a hidden folder beside it.
        identity: What the fit is made of: another identity is another fit.
    """

    def __init__(self, out: Path, identity: str) -> None:
        self.folder = out.parent / f".{out.name}.fitting"
        self._identity = identity

    def read(self) -> dict[str, Any] | None:
        """Read where the fit stood.

        Returns:
            What `write` was given; None where there is nothing.

        Raises:
            ConfigError: It is of another fit, or cannot be read (SA445).
        """
        path = self.folder / _FILE
        if not path.exists():
            return None
        try:
            state = load_pickled(path)
            identity = state["identity"]
        except (
            Exception
        ) as error:  # each torch version raises another kind for a damaged or unsafe file
            self._refuse(f"a damaged file ({str(error).strip().splitlines()[0]})", error)
        if identity != self._identity:
            self._refuse("one of other data, settings or versions")
        found: dict[str, Any] = state
        return found

    def write(self, state: dict[str, Any]) -> None:
        """Keep where the fit stands, all at once.

        Args:
            state: Tensors and plain values.
        """
        self.folder.mkdir(exist_ok=True)
        making = self.folder / f"{_FILE}.part"
        with making.open("wb") as file:
            torch.save({**state, "identity": self._identity}, file)
            file.flush()
            os.fsync(file.fileno())
        making.replace(self.folder / _FILE)

    def remove(self) -> None:
        """Forget it."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)

    def _refuse(self, got: str, cause: Exception | None = None) -> NoReturn:
        """Say that the fit cannot go on from there."""
        message = (
            f'A checkpoint must be of the same fit, got {got} at "{self.folder}". Give the data and settings that the '
            "interrupted fit had, or remove that folder to begin anew."
        )
        raise ConfigError("SA445", message) from cause


def module_state(module: StepModule) -> dict[str, Any]:
    """Take down weights, optimizers and random state.

    Args:
        module: While it is fitted.

    Returns:
        Tensors and plain values.
    """
    state: dict[str, Any] = {
        "weights": module.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in module.all_optimizers(bare=True)],
        "steps_done": module.steps_done,
        "random": torch.get_rng_state(),
    }
    if module.device.type == "cuda":
        state["random_cuda"] = torch.cuda.get_rng_state(module.device)
    return state


def restore_module(module: StepModule, state: dict[str, Any]) -> None:
    """Put weights, optimizers and random state back.

    Args:
        module: At the beginning of its fit.
        state: What `module_state` returned.
    """
    module.load_state_dict(state["weights"])
    for optimizer, kept in zip(module.all_optimizers(bare=True), state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    module.steps_done = state["steps_done"]
    torch.set_rng_state(state["random"])
    if "random_cuda" in state and module.device.type == "cuda":
        torch.cuda.set_rng_state(state["random_cuda"], module.device)
