"""No change in the project at all: an environment variable names a YAML file, and each fit is mixed.

Lightning asks installed packages for callbacks through entry points; this package has none to offer unless the
variable is set. On a command line:

LIGHTNING_SYNTHAUG_CONFIG=12_environment_variable.yaml python train.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# A project's script, without a word about this package.
TRAIN = """
from existing_project import Classifier, accuracy, make_trainer, train_loader
trainer, model = make_trainer(), Classifier()
trainer.fit(model, train_loader())
names = [type(callback).__name__ for callback in trainer.callbacks]
print(f"{trainer.global_step} steps, {accuracy(model):.1%} right, callbacks: {names}")
"""

for value in ("", str(HERE / "12_environment_variable.yaml")):
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    print(f"LIGHTNING_SYNTHAUG_CONFIG={Path(value).name}", flush=True)
    subprocess.run(
        [sys.executable, "-c", TRAIN],
        env={**os.environ, "PYTHONPATH": path, "LIGHTNING_SYNTHAUG_CONFIG": value},
        timeout=120,
        check=True,
    )
