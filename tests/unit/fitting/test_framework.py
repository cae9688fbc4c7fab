from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.fitting import framework


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> ModuleType:
        if name in names:
            raise ModuleNotFoundError(name, name=name.partition(".")[0])
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)


def test_lightning_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(importlib, "import_module", lambda name: asked.append(name) or name)
    found: Any = framework._import()
    assert found == "lightning.pytorch"
    assert asked == ["lightning.pytorch"]


def test_neither_name_is_an_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hide(monkeypatch, "lightning.pytorch", "pytorch_lightning")
    with pytest.raises(MissingDependency, match=r'pip install "\.\[lightning\]".*SA801'):
        framework._import()


def test_a_broken_installation_is_not_taken_for_a_missing_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(name: str) -> ModuleType:
        raise ModuleNotFoundError("torchmetrics", name="torchmetrics")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="torchmetrics"):
        framework._import()


def test_an_interruption_comes_out_as_one_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), framework.quiet():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_exit_of_its_own_accord_stays_one() -> None:
    with pytest.raises(SystemExit, match="3"), framework.quiet():
        sys.exit(3)


def test_a_fit_works_with_pytorch_lightning_alone(tmp_path: Any) -> None:
    pytest.importorskip("pytorch_lightning")
    code = (
        "import sys; sys.modules['lightning'] = None; sys.modules['lightning.pytorch'] = None\n"
        "import numpy as np\n"
        "from lightning_synthaug.fitting import CVAE, fit_cvae\n"
        "fit_cvae(np.zeros((8, 6, 6), np.uint8), np.zeros(8, int), out='f', epochs=1, device='cpu')\n"
        "print(next(c.__module__ for c in CVAE.__mro__ if c.__name__ == 'LightningModule'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("pytorch_lightning")


def test_loading_a_fitted_generator_needs_no_lightning() -> None:
    code = (
        "import sys\nfrom lightning_synthaug.fitting import load_fitted\n"
        "print([name for name in sys.modules if 'lightning' in name and 'synthaug' not in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
