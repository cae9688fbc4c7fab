"""The same code works with `lightning.pytorch`, with `pytorch_lightning`, and with both loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ["lightning.pytorch", "pytorch_lightning"]

SCRIPT = """
import importlib, sys
package, other, cache = sys.argv[1:]
pl = importlib.import_module(package)
import lightning_synthaug as sa
from torch.utils.data import DataLoader
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer, traced_dataset

assert other not in sys.modules
loader = DataLoader(traced_dataset(20), 5)

def fit(package, callbacks=(), data=None):
    model = recorder(package)
    run = trainer(package, max_epochs=1, callbacks=list(callbacks))
    run.fit(model, **(data or {"train_dataloaders": loader}))
    return model.seen

aug = sa.SynthAug(Tracer(), 0.5, cache=cache)
assert isinstance(aug, pl.Callback)
seen = fit(package, [aug])
assert sum(s.source for rows in seen.values() for s in rows) == 10
inner = pl.LightningDataModule.from_datasets(traced_dataset(20), batch_size=5)
data = sa.SynthAugDataModule(inner, Tracer(), 0.5, cache=cache)
assert isinstance(data, pl.LightningDataModule)
assert len(fit(package, data={"datamodule": data})) == 4

foreign = importlib.import_module(other)  # from here on both are there
both = sa.SynthAug(Tracer(), 0.5, cache=cache)
assert isinstance(both, pl.Callback) and isinstance(both, foreign.Callback)
assert fit(package, [both]) == fit(other, [both]) == seen
try:
    sa.SynthAugDataModule(object(), Tracer(), 0.5)
except sa.errors.TrainerError as error:
    assert error.code == "SA703", error
names = {"lightning.pytorch": "lightning", "pytorch_lightning": "pytorch_lightning"}
for name, short in names.items():
    flavour = importlib.import_module(f"lightning_synthaug.{short}")
    theirs = importlib.import_module(name)
    inner = theirs.LightningDataModule.from_datasets(traced_dataset(20), batch_size=5)
    data = flavour.SynthAugDataModule(inner, Tracer(), 0.5, cache=cache)
    assert len(fit(name, data={"datamodule": data})) == 4
    assert flavour.SynthAug(Tracer(), 0.5).state_key == "SynthAug"
"""


@pytest.mark.parametrize("package", PACKAGES)
def test_one_script_for_both_namespaces(tmp_path: Path, package: str) -> None:
    other = next(p for p in PACKAGES if p != package)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, package, other, str(tmp_path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
