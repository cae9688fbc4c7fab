"""A recipe applied to a dataset: sources opened, labels known, plan compiled. Main process only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data import (
    DatasetAdapter,
    LabelMap,
    adapt,
    build_transform,
    find_labels,
)
from lightning_synthaug.data.labels import stored_labels
from lightning_synthaug.errors import CacheError
from lightning_synthaug.filling import UNKNOWN, Limits, SourceFiller, Turns
from lightning_synthaug.generators import Generator
from lightning_synthaug.mixing.dataset import MixedDataset
from lightning_synthaug.mixing.describing import source_specs
from lightning_synthaug.mixing.drawing import TransformDraw
from lightning_synthaug.mixing.opening import open_sources
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.mixing.workers import Checking
from lightning_synthaug.plan import (
    Clock,
    Epoch,
    Event,
    Knots,
    Plan,
    PlannedSlots,
    RealOrder,
)
from lightning_synthaug.plan.seeding import Int64Array, groups_of
from lightning_synthaug.store import ShardReader, Store

__all__ = ["Mixture"]


@final
class Mixture:
    """A recipe for one dataset. Opens nothing until it is asked for batches.

    Args:
        recipe: What to mix.
        dataset: The user's dataset.
    """

    def __init__(self, recipe: Recipe, dataset: Any) -> None:
        self.recipe = recipe
        self.dataset = dataset
        self.adapter: DatasetAdapter = adapt(dataset, item=recipe.item, record=recipe.record)
        self.folder: Path = recipe.cache_folder()
        self.label_map = LabelMap(recipe.label_map)
        kinds = [False, *(isinstance(s, Generator) for s in recipe.sources.values())]
        #: Whether a source number's samples come from the store. Shape `(sources + 1,)`.
        self.is_generated: npt.NDArray[np.bool_] = np.array(kinds)
        self.draw = TransformDraw(recipe, self.is_generated)
        self.running = contextlib.ExitStack()  # what runs beside the training: to be closed
        self.ratio = str(recipe.schedule)  # as it was written
        self.first_check = Checking()
        self._knots: Knots | None = None

    def keep(self, seed: int, generation_seed: int, ratio: str, knots: Knots) -> None:
        """Take the seeds and the schedule of another run in place of the recipe's.

        Args:
            seed: Its run seed.
            generation_seed: Its seed of what is generated.
            ratio: Its ratio as it was written.
            knots: Its schedule as it was compiled.
        """
        self.close()
        self.recipe = replace(self.recipe, seed=seed, generation_seed=generation_seed)
        self.draw = TransformDraw(self.recipe, self.is_generated)
        self.ratio, self._knots = ratio, knots

    def worker_dataset(
        self, collate: Callable[[list[Any]], Any], *, fits: bool = False
    ) -> MixedDataset:
        """Make the workers' half.

        Args:
            collate: The user's collate function.
            fits: Whether a synthetic item must fit the batch of the real sample that it displaces.

        Returns:
            The dataset to give to the loader.
        """
        recipe = self.recipe
        sources = list(recipe.sources.values())
        existing: dict[int, Sequence[Any]] = {
            number: source
            for number, source in enumerate(sources, start=1)
            if not isinstance(source, Generator)
        }
        return MixedDataset(
            self.adapter,
            self._reader() if self.is_generated.any() else None,
            existing,
            None if recipe.transform is None else build_transform(recipe.transform),
            collate=collate,
            transform_synthetic=recipe.transform_on != "real",
            sources=len(sources),
            relabel=self._relabelled(),
            labels=recipe.labels,
            fits=fits,
        )

    @cached_property
    def labels(self) -> Int64Array | None:
        """The labels of the real samples, where anything needs or has them. Shape `(samples,)`."""
        recipe = self.recipe
        if recipe.needs_labels:
            table = find_labels(
                self.dataset,
                labels=recipe.labels,
                label_map=recipe.label_map,
                class_names=recipe.class_names,
                progress=True,
            )
            return table.codes
        return stored_labels(self.dataset)

    def _relabelled(self) -> frozenset[int]:
        """List the sources that are told labels: what an unconditional generator says of its own stays."""
        if not self.recipe.needs_labels and self.labels is None:
            return frozenset()
        sources = enumerate(self.recipe.sources.values(), start=1)
        return frozenset(
            n for n, s in sources if isinstance(s, Generator) and s.conditioning != "none"
        )

    @cached_property
    def limits(self) -> Limits:
        """What may still be made in this run."""
        return Limits.of_run(self.recipe.budget or {})

    @cached_property
    def store(self) -> Store:
        """The sample store, opened at first use."""
        return Store.open(self.folder, byte_budget=self.recipe.cache_bytes, codec=self.recipe.codec)

    @cached_property
    def generated(self) -> list[SourceFiller]:
        """The sources whose samples are made on request; the store is opened only where there are some."""
        if not self.is_generated.any():
            return []
        return open_sources(
            self.recipe,
            dataset=self.dataset,
            adapter=self.adapter,
            labels=self.labels,
            label_map=self.label_map,
            store=self.store,
            check=self.first_check,
        )

    @property
    def opened(self) -> list[SourceFiller]:
        """Those sources, as far as anybody asked for them."""
        opened: list[SourceFiller] = self.__dict__.get("generated", [])
        return opened

    def compile(
        self,
        epoch: Epoch,
        total: int | None,
        *,
        shuffle: bool = True,
        order: RealOrder | None = None,
        history: Sequence[Event] = (),
        clock: Clock | None = None,
    ) -> Plan:
        """Compile the plan of a run.

        Args:
            epoch: Shape of an epoch at the beginning of the run.
            total: Slots of the whole run, or None when not known.
            shuffle: Whether real samples are shuffled.
            order: The order of the user's own sampler, or None.
            history: Recorded events, in order.
            clock: What times mean, where `epoch` does not tell.

        Returns:
            The plan.
        """
        recipe = self.recipe
        clock = clock or Clock(total, epoch.slots, epoch.slot)
        self.draw.compile(clock)
        return Plan(
            epoch,
            self._knots or recipe.schedule.compile(clock),
            source_specs(recipe, self.dataset, self.label_map),
            seed=recipe.seed,
            generation_seed=recipe.generation_seed,
            labels=self.labels,
            balance=recipe.balance,
            shuffle=shuffle,
            history=history,
            order=order,
        )

    def places(self, planned: PlannedSlots, *, look_again: bool = False) -> npt.NDArray[np.int64]:
        """Find where the generated rows lie.

        Args:
            planned: The rows.
            look_again: Whether to ask the store for those not settled yet.

        Returns:
            (shard, row), shape `(n, 2)`; negative where there is none.
        """
        out = np.full((len(planned), 2), UNKNOWN, np.int64)
        rows = np.flatnonzero(self.is_generated[planned.source])
        order, groups = groups_of(planned.source[rows])
        rows = rows[order]
        asked = planned.where(rows)
        sources = {source.needs.number: source for source in self.generated}
        found = [out[:0]]
        for number, part in groups:
            source = sources[number]
            wanted = source.needs.identities(asked.where(part))
            if look_again:
                source.look_up(np.unique(wanted[wanted >= 0]))
            found.append(source.places.find(wanted))
        out[rows] = np.concatenate(found)
        return out

    def forget(self, planned: PlannedSlots, *, for_all: bool) -> None:
        """Unsettle rows whose samples a worker found damaged or gone, so that they are made again.

        Args:
            planned: Those rows.
            for_all: Whether to take them out of the store as well. Only who fills may: it would not know what another
                rank took out, and that rank would wait for it for ever. Other ranks leave word, which it reads before
                it fills the next time.
        """
        for source in self.generated:
            mine = planned.where(planned.source == source.needs.number)
            if len(mine):
                identities = source.needs.identities(mine)
                if for_all:
                    source.forget(identities)
                else:
                    source.places.forget(identities)
                    Turns(self.folder, source.name).damaged(source.keys(identities))

    def provenance(self, planned: PlannedSlots) -> dict[str, Any] | None:
        """Look up what made a generated sample.

        Args:
            planned: Its row, alone.

        Returns:
            What the store keeps of it; None for a real row, an item of a synthetic dataset, or a missing sample.
        """
        for source in self.generated:
            if int(planned.source[0]) == source.needs.number and int(planned.index[0]) >= 0:
                return source.provenance(int(source.needs.identities(planned)[0]))
        return None

    def rest(self) -> None:
        """End what runs beside the training; it starts again when it is needed."""
        self.running.close()

    def close(self) -> None:
        """End what runs beside the training, and close the store, if it was opened."""
        self.rest()
        store = self.__dict__.pop("store", None)
        self.__dict__.pop("generated", None)
        if store is not None:
            store.close()

    def _reader(self) -> ShardReader:
        """Make the workers' reader, which opens nothing yet."""
        if self.folder.exists() and not self.folder.is_dir():
            raise CacheError(
                "SA505",
                f"`cache` must be a folder, got the file {str(self.folder)!r}. Choose another path.",
            )
        return ShardReader(self.folder)
