"""What the demo compares, and with which settings: the same for all arms.

Steps, learning rate and the strength of the classical augmentation were tuned by hand, to favour the arm that the
others are held against (real + classical), on digits of the train pool that a run had not drawn. No script repeats that
search, so this is a statement of the authors and not something that the repository can show. What can be seen here is
that no arm has settings of its own beyond its share and its transform.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

from lightning_synthaug.plan import Constant, Linear, Schedule

__all__ = ["ARMS", "BASELINE", "Arm", "Configuration"]


@final
@dataclass(frozen=True, slots=True)
class Arm:
    """One way of training.

    Attributes:
        name: What tables and pictures call it.
        ratio: Synthetic share of the batches.
        classical: Whether real and synthetic digits are transformed.
        partner: Whether the partner's digits themselves are added to the real ones.
    """

    name: str
    ratio: Schedule
    classical: bool = True
    partner: bool = False


BASELINE = Arm("real + classical", Constant(0.0))
"""The arm that every other is compared with, seed by seed."""

ARMS = (
    Arm("real", Constant(0.0), classical=False),
    BASELINE,
    Arm("synthetic only", Constant(1.0), classical=False),
    Arm("constant 0.5 + classical", Constant(0.5)),
    Arm("ramp 0 to 0.5 + classical", Linear(0.0, 0.5, over="40%")),
    Arm("partner's digits + classical", Constant(0.0), partner=True),
)
"""All arms, in the order of the table. The last one is the upper bound: data shared instead of a generator."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Settings that all arms share.

    Attributes:
        sizes: Real training digits of each class, one comparison a size.
        seeds: Repetitions; each draws other real digits, another run seed and another generation seed.
        steps: Optimizer steps of every run.
        batch_size: Digits in a batch.
        epoch: Digits in an epoch: the real ones are listed as often as it takes, since an epoch of 50 digits would be
            over after two batches. It is also how many distinct synthetic digits there are.
        learning_rate: Peak of a one-cycle schedule.
        weight_decay: Decoupled weight decay.
        channels: Channels of the two convolutions.
        dropout: Share of features dropped before the last layer.
        log_every: Steps between two points of the picture's ratio.
    """

    sizes: tuple[int, ...] = (5, 20)
    seeds: int = 5
    steps: int = 200
    batch_size: int = 40
    epoch: int = 1000
    learning_rate: float = 1e-2
    weight_decay: float = 1e-2
    channels: tuple[int, int] = (16, 32)
    dropout: float = 0.3
    log_every: int = 5

    def quick(self) -> Configuration:
        """Shrink to what shows that everything runs, and nothing else.

        Returns:
            A configuration of a few seconds.
        """
        return replace(self, sizes=(5,), seeds=2, steps=10, epoch=100)
