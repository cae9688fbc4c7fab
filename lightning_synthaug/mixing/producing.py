"""Start the processes that make samples beside the training."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lightning_synthaug.filling import Producer, SourceNeeds, Spec, TwinBox, can_pickle, say
from lightning_synthaug.mixing.errands import Errands
from lightning_synthaug.mixing.lookahead import LookAhead
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.options import background_devices

__all__ = ["look_ahead"]

_Needs = Sequence[tuple[str, SourceNeeds]]


def look_ahead(mixture: Mixture, *, leader: bool, world: int) -> LookAhead:
    """Start a producer for each device, and what asks them.

    Args:
        mixture: Sources and the store; it ends the producers when it is closed.
        leader: Whether this process fills the cache for its node; others start nothing and look there.
        world: Ranks that share a global batch.

    Returns:
        What goes on between batches and producers.

    Raises:
        ConfigError: A generator cannot be sent to another process (SA506), or a device is not there (SA114).
    """
    recipe, store = mixture.recipe, mixture.store
    ranks = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    needs = [(source.name, source.needs) for source in mixture.generated]
    box, told = _told(mixture, needs) if leader else (None, needs)
    producers = []
    for device in background_devices(recipe.device, ranks=ranks) if leader else ():
        producer = Producer(
            Spec(str(store.folder), store.byte_budget, device, told, str(store.codec))
        )
        mixture.running.callback(producer.close)
        producers.append(producer)
        names = ", ".join(repr(name) for name, _ in needs)
        say(f"a process of its own makes samples with {names} on {device} while training goes on")
    return LookAhead(
        mixture.generated,
        producers,
        waits=recipe.on_miss == "wait",
        limits=mixture.limits,
        blank=leader and not store.stats().samples,
        errands=Errands(box, [each.generator.conditioning == "twin" for _, each in needs]),
    )


def _told(mixture: Mixture, needs: _Needs) -> tuple[TwinBox | None, _Needs]:
    """Choose how producers get real samples: with the dataset, else from a box that those who read batches fill."""
    if all(each.generator.conditioning != "twin" for _, each in needs) or can_pickle(
        mixture.adapter
    ):
        return None, needs
    box = TwinBox.new()
    mixture.running.callback(box.remove)
    return box, [(name, each.reading(box)) for name, each in needs]
