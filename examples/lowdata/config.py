"""The configuration of the study: committed before its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightning_synthaug as sa

#: Sets by the name of their option. Of intents a seed draws one, and takes the four whose names mean nearest to it.
SETS = ("sentiment", "banking", "clinc")
CLASSES = 5
#: Intents, chosen at random, that the rest of this file was tried on; no seed meets one of them.
TRIED_ON = 10
#: Real texts a class; in this order, since each takes long.
SIZES = (10, 50)
SEEDS = 5
#: Different samples of each source.
POOL = 60
LEARNERS = ("embedding", "words")
STEPS, BATCH = {"embedding": 40, "words": 100}, 16
RATE = {"embedding": 0.03, "words": 0.02}
RAMP = sa.Linear(0.7, 0.3, over="100%")


@dataclass(frozen=True)
class Arm:
    """One way to train: from which sources, at which ratio, and whether words are edited."""

    sources: tuple[str, ...] = ()
    ratio: Any = 0.0
    eda: bool = False


ARMS = {
    "real": Arm(),
    "EDA": Arm(eda=True),
    "back-translation": Arm(("back",), 0.5),
    "write": Arm(("write",), 0.5),
    "paraphrase": Arm(("paraphrase",), 0.5),
    "mix with ramp": Arm(("write", "paraphrase", "back"), RAMP, eda=True),
}
#: How sure the gate for labels must be, and how near a paraphrase must be to its real text.
SURE, NEAR = 0.9, (0.6, 0.98)
#: How the model is asked: shorter texts and prompts than by default, since each token costs.
WRITER = {"shots": 3, "longest": 32, "batch_size": 8, "dtype": "bfloat16"}
PARAPHRASER = {"temperature": 0.5, "longest": 32, "batch_size": 8, "dtype": "bfloat16"}
#: What the labels of sentiment are called in prompts; intents are called by their names.
SENTIMENT = ["negative review", "positive review"]
