"""What holds for the whole suite: limits set before libraries load, no trace on the machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

# Before torch and OpenCV load: ranks and workers with a pool of threads each get in each other's
# way, and albumentations asks the network for a newer version of itself.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import hypothesis
import pytest

# A shell that starts the suite in the background has the interrupt key ignored, here and in every child.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A loaded machine is slow, not wrong; the blob printed on failure reproduces it anywhere.
hypothesis.settings.register_profile("suite", deadline=None, print_blob=True)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True, scope="session")
def _caches_of_the_user_stay_untouched(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Point the user's cache folder at a temporary one, also for child processes."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("xdg-cache"))


@pytest.fixture(autouse=True)
def _accelerate_is_between_no_steps() -> Iterator[None]:
    """Put back what accelerate keeps for the whole process: a test may end amid accumulated gradients."""
    yield
    state = sys.modules.get("accelerate.state")
    if state is not None:
        state.GradientState()._set_sync_gradients(True)
