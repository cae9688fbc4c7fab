"""A trainer that is killed leaves no real samples behind in the folder for temporary files."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

KILLS = 4
ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from torch.utils.data import DataLoader
import lightning_synthaug as sa
from tests.helpers.faulty import Variant
from tests.helpers.locked import Locked

loader = DataLoader(Locked(48), 8)
mixed = sa.mix(loader, Variant(), 0.5, cache=sys.argv[1], fill="background", reuse=1, pool=10**6)
while True:
    for batch in mixed:
        pass
    sys.stdout.write(f"{mixed.feed.totals.generated}\\n")
    sys.stdout.flush()
"""


def test_a_killed_trainer_leaves_no_real_samples_behind(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201  # reproduces the moments asked for
    rng = random.Random(seed)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for number in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path / f"cache{number}")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        )
        assert process.stdout is not None
        while int(process.stdout.readline()) < 8:  # until samples are made
            pass
        assert list(temporary.glob("synthaug-twins-*/*"))
        time.sleep(rng.uniform(0, 0.3))
        process.kill()
        process.wait()
        process.stdout.close()
        deadline = time.monotonic() + 60
        while list(temporary.glob("synthaug-twins-*")):
            assert time.monotonic() < deadline, "a folder of real samples"
            time.sleep(0.05)
