"""Differential privacy for a fit: noise on clipped gradients, and the account of what it cost, by `opacus`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, final

from lightning_synthaug.generators.libraries import needed_library

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch.utils.data import Dataset

    from lightning_synthaug.fitting.cvae import CVAE

__all__ = ["Private"]


@final
class Private:
    """Make a fit private, before it begins.

    Each image's gradient is clipped, noise is added to their sum, and batches are drawn by chance, so that weights tell
    little of any single image. The noise follows from what may be spent in all epochs together.

    Args:
        module: Gets a network and an optimizer that do so.
        samples: What is fitted on.
        settings: With `epsilon`, `delta`, `clip`, `epochs` and `batch_size`.

    Attributes:
        loader: Draws batches by chance.

    Raises:
        MissingDependency: `opacus` is not installed (SA832).

    Source:
        Abadi et al., "Deep learning with differential privacy", CCS 2016; the accountant is that of Gopi, Lee &
        Wutschitz, "Numerical composition of differential privacy", NeurIPS 2021.
    """

    def __init__(self, module: CVAE, samples: Dataset[Any], settings: Mapping[str, Any]) -> None:
        from torch.utils.data import DataLoader

        self._settings = settings
        library = needed_library("opacus", "Differential privacy", "privacy")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on secure random numbers: the how-to has it
            self._engine = library.PrivacyEngine(accountant="prv")
            network, optimizer, self.loader = self._engine.make_private_with_epsilon(
                module=module.network.train(),
                optimizer=module.configure_optimizers(),
                data_loader=DataLoader(samples, batch_size=settings["batch_size"]),
                target_epsilon=settings["epsilon"],
                target_delta=settings["delta"],
                epochs=settings["epochs"],
                max_grad_norm=settings["clip"],
            )
        self._noise = float(optimizer.noise_multiplier)
        module.become_private(network, optimizer)

    def spent(self) -> dict[str, Any]:
        """Tell what was spent, for the card.

        Returns:
            Plain JSON values.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on the precision of a bound
            epsilon = self._engine.get_epsilon(self._settings["delta"])
        return {
            "epsilon": round(float(epsilon), 4),
            "delta": self._settings["delta"],
            "clip": self._settings["clip"],
            "noise_multiplier": round(self._noise, 6),
            "accountant": "prv (opacus)",
            "covers": "the weights; not the counts by class, and not the digest of the data",
        }
