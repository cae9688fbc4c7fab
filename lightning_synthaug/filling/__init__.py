"""From requests to stored samples: what is needed, what is there, and making the rest."""

from __future__ import annotations

from lightning_synthaug.filling.account import Filled
from lightning_synthaug.filling.ahead import SourceFiller
from lightning_synthaug.filling.background import Producer, Settled
from lightning_synthaug.filling.counts import Counted, Counts
from lightning_synthaug.filling.gating import Gating
from lightning_synthaug.filling.limits import Limits, Need
from lightning_synthaug.filling.made import Open
from lightning_synthaug.filling.needs import Check, SourceNeeds, wanted_of
from lightning_synthaug.filling.places import GIVEN_UP, UNKNOWN, Places
from lightning_synthaug.filling.spec import Spec, can_pickle
from lightning_synthaug.filling.telling import say
from lightning_synthaug.filling.turns import Turns
from lightning_synthaug.filling.twinbox import TwinBox
from lightning_synthaug.filling.watching import Watching

__all__ = [
    "GIVEN_UP",
    "UNKNOWN",
    "Check",
    "Counted",
    "Counts",
    "Filled",
    "Gating",
    "Limits",
    "Need",
    "Open",
    "Places",
    "Producer",
    "Settled",
    "SourceFiller",
    "SourceNeeds",
    "Spec",
    "Turns",
    "TwinBox",
    "Watching",
    "can_pickle",
    "say",
    "wanted_of",
]
