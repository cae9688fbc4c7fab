"""Make samples on a Ray cluster: generators there, the store here.

Ray Data runs a pool of actors, one generator each, and deals batches out to them; this process alone writes the store,
so that its index lies on one local disk. Which samples there are does not depend on who makes them.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any, final

import numpy as np
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import MissingDependency, install_hint
from lightning_synthaug.filling.account import Account, Filled
from lightning_synthaug.filling.ahead import SourceFiller
from lightning_synthaug.filling.limits import Limits
from lightning_synthaug.filling.made import Open
from lightning_synthaug.filling.needs import SourceNeeds
from lightning_synthaug.filling.telling import say
from lightning_synthaug.generators import Rejection

__all__ = ["fill_on_ray"]

#: Batches that an actor has before it at most: those that a limit makes useless are few.
_AHEAD = 4


def fill_on_ray(
    source: SourceFiller,
    missing: Sequence[Open],
    *,
    actors: int | None = None,
    limits: Limits | None = None,
) -> Filled:
    """Have requests made by a pool of generators and store them, batch by batch.

    Connects to the cluster that Ray's own settings name (`RAY_ADDRESS`), or starts one on this machine.

    Args:
        source: Whose requests.
        missing: As its `look_up` returned them.
        actors: Generators; None: one for each GPU of the cluster, or one where it has none.
        limits: How much may be made; None: all of it.

    Returns:
        What was done.

    Raises:
        MissingDependency: Ray is not installed (SA508).
        GeneratorContractBroken: A generator returned something other than asked.
        CacheFull: No room is left; what was stored before stays.
    """
    ray = _ray()
    if not missing:
        return Filled(0, 0, 0.0)
    limits, price, rest = limits or Limits(), source.needs.generator.price, list(missing)
    account = Account(source.name, len(rest), source.store, limits, price)
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="WARNING")
    gpus = int(ray.cluster_resources().get("GPU", 0))
    pool, device = actors or max(1, gpus), "cuda" if gpus else "cpu"
    say(f"making {len(rest):,} samples with {source.name!r} on {pool} actors of a Ray cluster")
    with account:
        rest = source.judged(rest, account.add)
        watching, idle = source.needs.watching, False
        while (
            rest and not (watching.halted or idle) and (room := limits.room(len(rest), price=price))
        ):
            batches = _cut(rest[:room], source.batch_size)
            rest, again = rest[room:], []
            with closing(_answers(ray, source.needs, batches, pool, device)) as answered:
                for number, answers in answered:
                    made = source.keep(batches[number], answers, device=device)
                    batches[number] = []
                    again += made.retry
                    account.add(made)
                    source.tell()
                    idle = made.idle
                    if watching.halted or idle or not limits.room(1, price=price):
                        break
            # Those that were turned down, and those that a limit left, come before what was not begun.
            rest = again + [o for batch in batches for o in batch] + rest
    return account.filled(source.reason)


def _answers(
    ray: Any, needs: SourceNeeds, batches: Sequence[Sequence[Open]], pool: int, device: str
) -> Generator[tuple[int, list[Record | Rejection]]]:
    """Deal batches out, and yield what comes back in whatever order it does; closed, it ends what still runs."""
    pool = min(pool, len(batches))
    rows = [
        {"number": i, "asked": [[o.identity, o.request.attempt] for o in batch]}
        for i, batch in enumerate(batches)
    ]
    made = ray.data.from_items(rows, override_num_blocks=min(len(rows), _AHEAD * pool)).map_batches(
        _Generating,
        batch_size=1,
        fn_constructor_args=(needs, device),
        compute=ray.data.ActorPoolStrategy(size=pool),
        num_gpus=1 if device == "cuda" else 0,
    )
    # Not `iter_rows`: that reads on a thread of its own, which outlives an iterator that is not read to its end, and
    # ends the whole process when it wakes after `ray.shutdown`.
    for bundle in made.iter_internal_ref_bundles():
        for block in ray.get(list(bundle.block_refs)):
            for row in ray.data.block.BlockAccessor.for_block(block).iter_rows(True):
                yield int(row["number"]), list(row["answers"])


@final
class _Generating:
    """An actor: one generator, loaded once.

    Args:
        needs: What the source is asked for.
        device: Torch device.
    """

    def __init__(self, needs: SourceNeeds, device: str) -> None:
        if device == "cpu":
            torch.set_num_threads(1)
        self._needs = needs
        needs.generator.load(device)

    def __call__(self, rows: dict[str, Any]) -> dict[str, Any]:
        """Make one batch."""
        (asked,) = rows["asked"]
        needs = self._needs
        requests = [needs.again(needs.request(int(i)), int(attempt)) for i, attempt in asked]
        answers = np.empty(1, object)
        answers[0] = self._needs.generator.generate(requests)
        return {"number": rows["number"], "answers": answers}


def _cut(missing: Sequence[Open], size: int) -> list[Sequence[Open]]:
    """Cut requests into batches as one process alone would."""
    return [missing[i : i + size] for i in range(0, len(missing), size)]


def _ray() -> Any:
    """Import Ray, if it is there."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingDependency(
            "SA508", f"Generating on a cluster needs Ray, got {error}. {install_hint('ray')}"
        ) from error
    # Its bars and its log would stand in the way of ours.
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray
