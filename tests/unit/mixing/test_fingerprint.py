from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.fingerprint import stream_fingerprint
from lightning_synthaug.plan import Epoch, Linear
from tests.helpers.traced import Tracer, traced_dataset

SIZE = 45
EPOCH = Epoch(SIZE, 8)


def mixture(cache: Path, data: Any = None, **options: Any) -> Mixture:
    recipe = Recipe(**({"source": Tracer(), "ratio": 0.5, "cache": cache} | options))
    return Mixture(recipe, data or traced_dataset(SIZE))


def test_one_changed_option_changes_the_fingerprint(tmp_path: Path) -> None:
    def told(**options: Any) -> dict[str, Any]:
        epoch = options.pop("epoch", EPOCH)
        m = mixture(tmp_path, **options)
        return stream_fingerprint(m, m.compile(epoch, epoch.slot(18)))

    plain = told()
    assert plain == told()
    assert {type(v) for v in plain.values()} <= {int, str, bool, list, dict}
    changes = [
        {"seed": 1},
        {"generation_seed": 1},
        {"ratio": 0.4},
        {"ratio": Linear(0.0, 0.5)},
        {"balance": "uniform"},
        {"pool": 7},
        {"reuse": 2},
        {"source": Tracer(2)},
        {"source": traced_dataset(9, source=1)},
        {"data": traced_dataset(SIZE, source=2)},
        {"epoch": Epoch(SIZE, 16)},
        {"labels": [0] * SIZE},
        {"labels": [1] * SIZE},
        {"transform": np.fliplr},
        {"transform": np.flipud},
        {"transform": np.fliplr, "transform_p": 0.5},
        {"transform": np.fliplr, "transform_on": "real"},
    ]
    others = [told(**change) for change in changes]
    assert all(other != plain for other in others)
    assert len({str(other) for other in others}) == len(others)
    # Not the number of ranks at an equal global batch, nor where and how samples are kept.
    assert told(epoch=Epoch(SIZE, 8, 2), fill="off", on_miss="wait", loss_weight=0.5) == plain
