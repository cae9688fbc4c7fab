"""Which sample sits where: schedules, allocation, permutations, positions. NumPy only; no I/O, no clock, no state."""

from __future__ import annotations

from lightning_synthaug.plan.allocation import Balance, SourceSpec
from lightning_synthaug.plan.batch import REAL, PlannedSlots
from lightning_synthaug.plan.batches import AnyPlan, BatchPass, BatchPlan
from lightning_synthaug.plan.history import (
    Event,
    RatioChange,
    Reshape,
    SourceChange,
    events_from_state,
    events_to_state,
)
from lightning_synthaug.plan.knots import Breakpoint, Knots
from lightning_synthaug.plan.orders import OrderedStream, RealOrder
from lightning_synthaug.plan.packing import (
    pack_bits,
    pack_integers,
    unpack_bits,
    unpack_integers,
)
from lightning_synthaug.plan.plan import PLAN_VERSION, Plan
from lightning_synthaug.plan.points import Piecewise, Steps
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.ramps import Cosine, Exponential, Linear, Sigmoid
from lightning_synthaug.plan.ranks import rank_rows
from lightning_synthaug.plan.schedules import Constant, Schedule, as_schedule
from lightning_synthaug.plan.seeding import child_seed, hash64
from lightning_synthaug.plan.sources import ShareTable, integer_weights
from lightning_synthaug.plan.times import Clock, Time, parse_time
from lightning_synthaug.plan.written import plan_from_state, plan_to_state

__all__ = [
    "PLAN_VERSION",
    "REAL",
    "AnyPlan",
    "Balance",
    "BatchPass",
    "BatchPlan",
    "Breakpoint",
    "Clock",
    "Constant",
    "Cosine",
    "Epoch",
    "Event",
    "Exponential",
    "Knots",
    "Linear",
    "OrderedStream",
    "Piecewise",
    "Plan",
    "PlannedSlots",
    "RatioChange",
    "RealOrder",
    "Reshape",
    "Schedule",
    "ShareTable",
    "Sigmoid",
    "SourceChange",
    "SourceSpec",
    "Steps",
    "Time",
    "as_schedule",
    "child_seed",
    "events_from_state",
    "events_to_state",
    "hash64",
    "integer_weights",
    "pack_bits",
    "pack_integers",
    "parse_time",
    "plan_from_state",
    "plan_to_state",
    "rank_rows",
    "unpack_bits",
    "unpack_integers",
]
