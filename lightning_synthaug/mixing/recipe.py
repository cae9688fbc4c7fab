"""What a user asks for: sources, ratio, and how to mix; checked when it is written down, acted on later."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from torch.utils.data import Dataset

from lightning_synthaug.data import LabelMap, Record, build_transform
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.gates import Gate
from lightning_synthaug.mixing.gated import gates_of
from lightning_synthaug.mixing.options import (
    check_budget,
    check_cache,
    check_device,
    check_ledger,
    check_stop,
    check_weight,
    refuse_unknown,
)
from lightning_synthaug.plan import Balance, Schedule, as_schedule, integer_weights
from lightning_synthaug.store import PictureCodec

__all__ = ["Recipe", "Source", "default_cache"]

if TYPE_CHECKING:
    # Anything with `len` and indexing passes for a dataset, whatever it derives from.
    Source = Any
    Gates = Gate | Sequence[Gate] | Mapping[str, Gate | Sequence[Gate]]
else:
    # What a configuration file may name. `Dataset[Any]` would make jsonargparse instantiate `Dataset` itself.
    Source = Generator | Dataset | Mapping[str, Generator | Dataset]
    Gates = Gate | Sequence[Gate] | Mapping[str, Gate | Sequence[Gate]]

#: Environment variable that overrides the default cache folder.
CACHE_VARIABLE = "LIGHTNING_SYNTHAUG_CACHE"


def default_cache() -> Path:
    """Return the folder that samples are kept in when `cache` is not given.

    Returns:
        `$LIGHTNING_SYNTHAUG_CACHE`, else a folder of this user's cache directory.
    """
    given = os.environ.get(CACHE_VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "lightning_synthaug"


@final
@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All options of mixing, shared by the callback, the DataModule and `mix`.

    Args:
        source: A generator, a synthetic dataset whose items look like the real ones, or several of them by name.
        ratio: Synthetic share of the batches: a number in [0, 1] or a schedule.
        weights: Relative weights of several sources, by name, each above 0. Default: equal.
        balance: Labels asked for: `"proportional"` (those of the real data), `"uniform"` (level the batches as far
            as the ratio allows) or weights by label.
        labels: Label of each real sample, when the dataset does not tell; over a stream, a function of the batch.
        label_map: `{user_label: generator_label}` where the generator numbers its classes differently.
        class_names: Names of the classes, for messages and reports.
        transform: Classical augmentation of raw samples: albumentations, or any callable on the image array.
        transform_p: Probability of the transform, a number in [0, 1] or a schedule.
        transform_on: What is transformed: `"both"`, `"real"` or `"synthetic"`.
        batch_transform: Augmentation of the images of whole batches on the training device: a module, of kornia for
            example, or any function of a tensor. `transform_on` says which rows it gets. For the callback and the
            DataModule; elsewhere call `batch_info(loader).transform`.
        cache: Folder for generated samples. Default: the user's cache directory.
        cache_bytes: What that folder may hold at most, in bytes. Default: the smaller of 20 GB and a tenth of the free
            disk.
        codec: How images are kept there: `"raw"`, `"png"` or `"webp"` (smaller, and nothing is lost), or at a quality
            from 1 to 100 `"webp:90"` or `"jpeg:90"`. Default: raw, which is read fastest.
        budget: What may be made in a run: `{"samples": 10_000, "hours": 2, "money": 5}`, or some of these. What the
            first epoch needs must be covered; afterwards real samples stand in for what is not. Default: no limit.
        fill: `"ahead"`: make what the coming epoch needs before it begins. `"background"`: a process of its own makes
            samples while training goes on. `"off"`: only serve what the cache has.
        on_miss: When a sample is missing: `"real"` (a real one with its label stands in), `"wait"` or `"error"`.
        on_producer_failure: When the process of `fill="background"` cannot go on: `"continue"` (training does, with
            real samples) or `"error"`.
        on_collapse: When a generator goes on to make the same: `"warn"` (say so once), `"stop"` (make nothing more, and
            from the next pass on put real samples in place of its), `"lower"` (put them in place of half of its, from
            the next pass on). Default: `"off"` (do not look: it costs up to a third of a millisecond a small image).
        pool: Distinct samples kept for each source. Default: as many as there are real samples. Over a stream: of each
            label, and 100 by default.
        reuse: Servings after which a sample is replaced by a new one. Default: never.
        extra: Rows added to each global batch, >= 0, a multiple of the number of ranks. Synthetic samples then sit in
            these only, and no real sample is displaced; rows that the ratio leaves over hold real samples once more,
            transformed. Default: none; synthetic samples take the place of real ones.
        on_mismatch: What to do where a checkpoint describes another stream than the options: `"error"`, `"rescale"`
            (go on with the options from there) or `"keep"` (go on with the checkpoint's seeds and schedule).
        seed: Run seed: orders, and which sample is served when.
        generation_seed: Seed of what is generated; runs that differ only in `seed` share all samples.
        item: Turns a record into what the dataset returns, when that cannot be found out.
        record: Reads the raw sample at `(dataset, index)`, when that cannot be found out.
        target: Which of several train loaders is mixed: its key or place, or a list of them from the root. For the
            callback and the DataModule.
        gates: What samples must pass before they are served: a gate, several in order, or these by name of the source.
            A request that is refused is made anew, a few times. Default: what a generator asks for itself, which only
            language models do; `()`: nothing.
        device: Where to generate: `"auto"` (CUDA when there is one; in the background, one that nobody trains on), a
            torch device, or in the background a list of them, with a process each.
        ledger: Folder for the record of what was served: a file for each rank, read by `synthaug plan --ledger` and
            `Ledger.read`. True: the folder `ledger` beside a Trainer's logs. Default: none.
        replay: Ledger of a run that is served again, stand-ins included, with the same options otherwise. Samples are
            then made ahead. Not for streams and batch samplers of the user's own. Default: none.
        loss_weight: Weight of synthetic rows in `batch_info(...).weighted_mean`, >= 0.
        reuse_buffers: Whether batches travel from the loader's workers in shared memory that is used again when nothing
            refers to the batch any more. False: in new memory each time, as torch does.

    Raises:
        ConfigError: An option is not one of those allowed.
    """

    source: Source
    ratio: float | Schedule
    weights: Mapping[str, float] | None = None
    balance: Balance = "proportional"
    labels: Any = None
    label_map: Mapping[int, int] | None = None
    class_names: Sequence[str] | Mapping[int, str] | None = None
    transform: Callable[..., Any] | None = None
    transform_p: float | Schedule = 1.0
    transform_on: Literal["both", "real", "synthetic"] = "both"
    batch_transform: Callable[..., Any] | None = None
    cache: str | os.PathLike[str] | None = None
    cache_bytes: int | None = None
    codec: str = "raw"
    budget: Mapping[str, float] | None = None
    fill: Literal["ahead", "background", "off"] = "ahead"
    on_miss: Literal["real", "wait", "error"] = "real"
    on_producer_failure: Literal["continue", "error"] = "continue"
    on_collapse: Literal["off", "warn", "stop", "lower"] = "off"
    pool: int | None = None
    reuse: int | None = None
    extra: int = 0
    on_mismatch: Literal["error", "rescale", "keep"] = "error"
    seed: int = 0
    generation_seed: int = 0
    item: Callable[[Record], Any] | None = None
    record: Callable[[Any, int], Any] | None = None
    target: Any = None
    gates: Gates | None = None
    device: str | Sequence[str] = "auto"
    ledger: bool | str | os.PathLike[str] | None = None
    replay: str | os.PathLike[str] | None = None
    loss_weight: float = 1.0
    reuse_buffers: bool = True
    sources: Mapping[str, Any] = field(init=False, repr=False)
    schedule: Schedule = field(init=False, repr=False)

    @classmethod
    def refuse_unknown(cls, options: Mapping[str, Any]) -> None:
        """Refuse what is no option, and name the nearest one (SA114)."""
        refuse_unknown(options, known=[f.name for f in fields(cls) if f.init])

    def __post_init__(self) -> None:
        """Check every option, so that a mistake shows where it was made."""
        sources = _named(self.source)
        object.__setattr__(self, "sources", sources)
        object.__setattr__(self, "schedule", as_schedule(self.ratio))
        as_schedule(self.transform_p, argument="transform_p")
        self.source_weights()
        LabelMap(self.label_map)
        _check_choice("transform_on", self.transform_on, ("both", "real", "synthetic"))
        _check_choice("fill", self.fill, ("ahead", "background", "off"))
        _check_choice("on_producer_failure", self.on_producer_failure, ("continue", "error"))
        _check_choice("on_miss", self.on_miss, ("real", "wait", "error"))
        _check_choice("on_collapse", self.on_collapse, ("off", "warn", "stop", "lower"))
        check_stop(self.on_collapse, self.on_miss)
        _check_choice("on_mismatch", self.on_mismatch, ("error", "rescale", "keep"))
        if not isinstance(self.balance, Mapping):
            _check_choice("balance", self.balance, ("proportional", "uniform"))
        for name in ("cache_bytes", "pool", "reuse"):
            value = getattr(self, name)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int) or value < 1
            ):
                raise ConfigError(
                    "SA114",
                    f"`{name}` must be a whole number >= 1 or None, got {value!r}. Leave it out.",
                )
        for name in ("seed", "generation_seed", "extra"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise ConfigError(
                    "SA114", f"`{name}` must be a whole number, got {value!r}. Use any integer."
                )
        if self.extra < 0:
            raise ConfigError(
                "SA114", f"`extra` must be at least 0, got {self.extra}. Use 0 for no added rows."
            )
        for name in sources:
            self.gates_of(name)
        check_weight("loss_weight", self.loss_weight)
        check_device(self.device, several=self.fill == "background")
        check_cache(self.cache)
        PictureCodec.parse(self.codec)
        check_ledger("ledger", self.ledger)
        check_ledger("replay", self.replay)
        check_budget(self.budget, [getattr(s, "price", 0.0) for s in sources.values()])
        if self.batch_transform is not None and not callable(self.batch_transform):
            raise ConfigError(
                "SA612",
                f"`batch_transform` must be a module or a function of a tensor, got {self.batch_transform!r}. Pass for "
                "example kornia.augmentation.RandomHorizontalFlip().",
            )
        if self.transform is not None:
            build_transform(self.transform)

    def source_weights(self) -> list[int]:
        """Return the integer weight of each source, in order."""
        names = list(self.sources)
        if self.weights is None:
            return [1] * len(names)
        return integer_weights(self.weights, known=names)

    @property
    def needs_labels(self) -> bool:
        """Whether the labels of the real samples must be known, even if that takes reading the dataset."""
        made = {n: s for n, s in self.sources.items() if isinstance(s, Generator)}
        return (
            self.labels is not None
            or self.balance != "proportional"
            or any(generator.conditioning == "class" for generator in made.values())
            or any(gate.labelled for name in made for gate in self.gates_of(name))
        )

    def gates_of(self, name: str) -> list[Gate]:
        """Return what the samples of a source must pass, in order.

        Args:
            name: The source's name.

        Raises:
            ConfigError: `gates` holds something else than gates, or names no source that has samples made (SA114).
        """
        return gates_of(self.gates, name, self.sources)

    def cache_folder(self) -> Path:
        """Return the folder that samples are kept in."""
        return Path(self.cache).expanduser() if self.cache is not None else default_cache()


def _named(source: Any) -> dict[str, Any]:
    """Give every source a name and make sure that it can be one."""
    if isinstance(source, Mapping):
        named = {str(name): value for name, value in source.items()}
    else:
        named = {getattr(source, "name", None) or "synthetic": source}
    if not named:
        raise ConfigError(
            "SA115",
            f"`source` must hold at least one source, got {source!r}. Give a generator or a dataset.",
        )
    if "real" in named:
        raise ConfigError(
            "SA115",
            f"A source must have another name than 'real', got {list(named)}: `batch_info` calls the dataset's own "
            "rows so. Rename it.",
        )
    for name, value in named.items():
        usable = isinstance(value, Generator) or (
            hasattr(value, "__getitem__") and hasattr(value, "__len__")
        )
        if usable and not isinstance(value, Generator) and not len(value):
            raise ConfigError(
                "SA115",
                f"Source {name!r} must hold at least one item, got an empty {type(value).__name__}. Check its path.",
            )
        if not usable or isinstance(value, (str, bytes)):
            raise ConfigError(
                "SA115",
                f"Source {name!r} must be a generator or a map-style dataset (len and indexing), got {value!r}. For a "
                "folder of images use FolderGenerator(folder); for weights use TorchGenerator(weights).",
            )
    return named


def _check_choice(argument: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse what is not among the allowed words."""
    if value not in allowed:
        words = ", ".join(repr(a) for a in allowed)
        raise ConfigError(
            "SA114", f"`{argument}` must be one of {words}, got {value!r}. Choose one of these."
        )
