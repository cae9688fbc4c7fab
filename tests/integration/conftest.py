"""What is started once for several files, since processes spend most of their time importing; the table of cases."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

# The table of cases, which every full run of this folder prints and is held to.
from tests.helpers.cases import (
    pytest_collection_modifyitems,
    pytest_sessionfinish,
    pytest_terminal_summary,
)
from tests.helpers.foreign_ranks import two_ranks
from tests.helpers.foreign_run import STOP, Stream

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "ranks_told",
]


@pytest.fixture(scope="session")
def ranks_told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Stream]]:
    """What two ranks were trained on under each framework installed: stopped in one run, resumed in the next."""
    folder = tmp_path_factory.mktemp("ranks")
    saved = folder / "huggingface" / f"checkpoint-{STOP}"
    dealt = {"split": True, "even_batches": False, "use_seedable_sampler": True}
    runs = [
        ("accelerate first", "accelerate", {"stop": STOP, "workers": 2}),
        ("accelerate state", "accelerate", {"resume": "state"}),
        ("accelerate skip", "accelerate", {"resume": "skip", "workers": 2}),
        ("accelerate split", "accelerate", dealt),
        ("fabric first", "fabric", {"stop": STOP, "workers": 2}),
        ("fabric rest", "fabric", {"resume": "yes"}),
        ("huggingface first", "huggingface", {"stop": STOP, "workers": 2}),
        ("huggingface rest", "huggingface", {"resume": str(saved)}),
        ("huggingface accumulated", "huggingface", {"accumulate": 2}),
    ]
    needs = {"accelerate": "accelerate", "fabric": "lightning", "huggingface": "transformers"}
    return two_ranks(folder, [run for run in runs if find_spec(needs[run[1]])])
