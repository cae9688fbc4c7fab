"""What a run will ask its generators for, and what of it is in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, final

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import Open, SourceFiller
from lightning_synthaug.mixing import (
    FirstCheck,
    Mixture,
    Recipe,
    batch_order,
    is_stream,
    loader_shape,
)

__all__ = ["Demand", "SourceDemand"]


class SourceDemand(NamedTuple):
    """What one source is asked for.

    Attributes:
        source: What makes it.
        wanted: Distinct samples that the run asks for.
        missing: Those that the cache does not have, what is needed first in front.
    """

    source: SourceFiller
    wanted: int
    missing: Sequence[Open]


@final
class Demand:
    """The generators' share of a run, known before it begins.

    Args:
        recipe: What is mixed.
        loader: The train loader, as each rank has it.
        world: Ranks that train together, >= 1.
        epochs: Length of the run in epochs, or None when `batches` is given.
        batches: Length of the run in batches, or None.

    Raises:
        ConfigError: The run cannot be known beforehand (SA812), or has no generator.
        DataError: The loader cannot be mixed.
    """

    def __init__(
        self,
        recipe: Recipe,
        loader: Any,
        *,
        world: int = 1,
        epochs: int | None = None,
        batches: int | None = None,
    ) -> None:
        unknown = "a stream" if is_stream(loader) else "a batch sampler of its own"
        if is_stream(loader) or batch_order(loader) is not None:
            raise ConfigError(
                "SA812",
                f"A run must be known before it begins to be generated for, got a loader with {unknown}, whose batches "
                'are known only as they come. Let the run itself fill its cache: fill="ahead".',
            )
        self.mixture = Mixture(recipe, loader.dataset)
        if not self.mixture.is_generated.any():
            raise ConfigError(
                "SA812",
                f"A run must have a generator to be generated for, got {', '.join(recipe.sources)}, which "
                "exist already. There is nothing to do.",
            )
        mixed = self.mixture.worker_dataset(loader.collate_fn)
        self.mixture.first_check.by = FirstCheck(loader, mixed)
        shape = loader_shape(loader)
        epoch = shape.epoch(world, recipe.extra)
        self.batches = batches if batches is not None else (epochs or 1) * epoch.batches
        self.plan = self.mixture.compile(
            epoch, epoch.slot(self.batches), shuffle=shape.shuffle, order=shape.order
        )

    def sources(self) -> list[SourceDemand]:
        """Look up what the run asks for.

        Returns:
            One entry for each generator, in order.
        """
        found = []
        for source in self.mixture.generated:
            wanted = source.needs.of_range(self.plan, 0, self.plan.slot(self.batches))
            found.append(SourceDemand(source, wanted.size, source.look_up(wanted)))
        return found
