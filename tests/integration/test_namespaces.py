"""The same code works with `lightning.pytorch`, with `pytorch_lightning`, and with both loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = ["lightning.pytorch", "pytorch_lightning"]

#: Every environment with tests has one of the packages; the matrix has some without the other one.
INSTALLED = [package for package in PACKAGES if find_spec(package.split(".", maxsplit=1)[0])]
both_installed = pytest.mark.skipif(
    len(INSTALLED) < 2, reason="only one of the two packages is installed"
)

#: Makes packages be absent, as `find_spec` and `import` see it.
WITHOUT = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            return None
        return self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""

#: What is installed with each package and belongs to it alone.
PARTS = {
    "lightning.pytorch": {"lightning"},
    "pytorch_lightning": {"pytorch_lightning", "lightning_fabric"},
}

COMMON = """
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
"""

ALONE = """
flavours = {"lightning.pytorch": "lightning", "pytorch_lightning": "pytorch_lightning"}
assert type(aug).__module__ == f"lightning_synthaug.{flavours[package]}"
try:
    importlib.import_module(f"lightning_synthaug.{flavours[other]}")
except ModuleNotFoundError as error:
    assert flavours[other] in str(error), error
else:
    raise AssertionError("there is no such package to build on")
"""

CHOSEN = """
# Nothing is loaded yet: what is installed decides.
import sys
package, other, cache = sys.argv[1:]
import lightning_synthaug as sa
assert package.partition(".")[0] in {c.__module__.partition(".")[0] for c in sa.SynthAug.__mro__}
"""

BOTH = """
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

MIXED = """
# The faces are those of `package`, the trainer and the model those of `other`.
importlib.import_module(other)

def error_of(call):
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("it was accepted")

ours = type(data)
foreign = recorder(other)
inner = pl.LightningDataModule.from_datasets(traced_dataset(20), batch_size=5)
data = ours(inner, Tracer(), 0.5, cache=cache)
error = error_of(lambda: trainer(other, max_epochs=1).fit(foreign, datamodule=data))
assert error.code == "SA703" and other.split(".")[0] in str(error), error
error = error_of(lambda: trainer(other, max_epochs=1).fit(foreign, data))
assert "invalid dataloader" in str(error), error
error = error_of(lambda: trainer(other, callbacks=aug))
assert "not iterable" in str(error), error
error = error_of(lambda: trainer(other, max_epochs=1, callbacks=[aug]).fit(foreign, loader))
if tuple(map(int, pl.__version__.split(".")[:2])) >= (2, 6):
    assert error.code == "SA703" and other.split(".")[0] in str(error), error
else:
    assert "Expected a parent" in str(error), error  # Lightning's own, before anything of ours runs
error = error_of(lambda: trainer(package, max_epochs=1, callbacks=[aug]).fit(foreign, loader))
assert "must be a `LightningModule`" in str(error), error
# Nothing is left behind: the right trainer takes them.
assert fit(package, [aug]) == seen
assert len(fit(package, data={"datamodule": data})) == 4
"""


def run(script: str, package: str, cache: Path, *, absent: set[str] | None = None) -> None:
    """Run a script in a process of its own, in which some packages are absent."""
    other = next(p for p in PACKAGES if p != package)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    script = f"ABSENT = {absent or set()!r}\n{WITHOUT}{script}"
    command = [sys.executable, "-c", script, package, other, str(cache)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr


@pytest.mark.case(67)
@pytest.mark.parametrize("package", INSTALLED)
def test_only_one_package_is_installed(tmp_path: Path, package: str) -> None:
    other = next(p for p in PACKAGES if p != package)
    run(CHOSEN + COMMON + ALONE, package, tmp_path, absent=PARTS[other])


@pytest.mark.case(67)
def test_neither_package_is_installed(tmp_path: Path) -> None:
    script = """
import lightning_synthaug as sa
try:
    sa.SynthAug
except sa.errors.MissingDependency as error:
    assert error.code == "SA801", error
else:
    raise AssertionError("there is nothing to build on")
"""
    run(script, PACKAGES[0], tmp_path, absent=set().union(*PARTS.values()))


@pytest.mark.case(67)
@both_installed
@pytest.mark.parametrize("package", PACKAGES)
def test_with_both_loaded_mixed_objects_are_refused_and_matching_ones_work(
    tmp_path: Path, package: str
) -> None:
    run(COMMON + MIXED + BOTH, package, tmp_path)
