"""Versions of what the package stands on, and whether the compiled parts fit each other."""

from __future__ import annotations

import importlib
import platform
import sqlite3
import subprocess
import sys
from importlib import metadata, util

from lightning_synthaug.cli.checks.finding import Finding, fail, ok, warn
from lightning_synthaug.cli.checks.installed import installed_versions
from lightning_synthaug.errors import install_hint

__all__ = [
    "REFUSED_LIGHTNING",
    "check_devices",
    "check_versions",
    "judge_lightning",
    "judge_torchaudio",
]

REFUSED_LIGHTNING = ("2.6.2", "2.6.3")
"""Uploads of Lightning that were malicious; 2.6.4 is upstream's first release after them."""

_LIGHTNING_MODULES = {"lightning": "lightning.pytorch", "pytorch-lightning": "pytorch_lightning"}
_OLDEST_LIGHTNING = (2, 1)
_OLDEST_PYTHON = (3, 10)
_OLDEST_SQLITE = (3, 24)  # the first with upsert, which the index of the store uses
_IMPORT_TIMEOUT = 120  # seconds; torch's own import takes some on a cold disk


def check_versions() -> list[Finding]:
    """Look at Python, SQLite, NumPy, torch and Lightning.

    Returns:
        One finding each, plus one for each Lightning distribution.
    """
    return [
        _python(),
        _sqlite(),
        _imports("numpy"),
        _imports("torch"),
        _imports("safetensors"),
        *_lightning(),
    ]


def check_devices() -> list[Finding]:
    """Look at CUDA and at whether torchaudio, when installed, fits torch.

    Returns:
        One finding for CUDA when torch imports; one for torchaudio when it is installed.
    """
    return [*_cuda(), *_torchaudio()]


def judge_lightning(name: str, version: str) -> Finding:
    """Say whether a release of Lightning may be used.

    Args:
        name: Distribution, `"lightning"` or `"pytorch-lightning"`.
        version: Its version, for example `"2.6.6"`.

    Returns:
        FAIL for a refused upload, WARN for one older than the package is made for, else OK.

    Example:
        >>> judge_lightning("lightning", "2.6.3").status
        'FAIL'
        >>> judge_lightning("lightning", "2.6.6").status
        'OK'
    """
    if version in REFUSED_LIGHTNING:
        detail = f"{version} was a malicious upload; treat this environment's secrets as leaked"
        return fail(
            name, detail, repair=f"Remove the environment; install '{name}>=2.1,!=2.6.2,!=2.6.3'."
        )
    if _numbers(version) < _OLDEST_LIGHTNING:
        return warn(
            name, f"{version} is older than 2.1", repair=f"pip install --upgrade '{name}>=2.6.4'"
        )
    return ok(name, version)


def judge_torchaudio(torch_version: str, audio_version: str, import_error: str) -> Finding:
    """Say whether an installed torchaudio works with the installed torch.

    The two are compiled against each other: with another release the import ends in an undefined
    symbol, and the traceback names neither.

    Args:
        torch_version: Version of torch, for example `"2.13.0+cpu"`.
        audio_version: Version of torchaudio.
        import_error: Last line of what its import printed; empty when it imported.

    Returns:
        FAIL when the import fails, WARN when the releases differ, else OK.

    Example:
        >>> judge_torchaudio("2.5.1", "2.4.0", "OSError: undefined symbol").status
        'FAIL'
        >>> judge_torchaudio("2.5.1+cu124", "2.5.1", "").status
        'OK'
    """
    repair = f"pip install --force-reinstall 'torchaudio=={torch_version.split('+')[0]}'"
    if import_error:
        detail = f"{audio_version} does not import beside torch {torch_version}: {import_error}"
        return fail("torchaudio", detail, repair=repair)
    if _numbers(audio_version) != _numbers(torch_version):
        detail = f"{audio_version} was built for another torch than {torch_version}"
        return warn("torchaudio", detail, repair=repair)
    return ok("torchaudio", audio_version)


def _python() -> Finding:
    """Judge the interpreter."""
    version = platform.python_version()
    if sys.version_info < _OLDEST_PYTHON:
        return fail("python", f"{version} is older than 3.10", repair="Use Python 3.10 or newer.")
    return ok("python", version)


def _sqlite() -> Finding:
    """Judge the SQLite that the interpreter was built with: the store's index needs it."""
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        return fail(
            "sqlite", f"{version} is older than 3.24", repair="Use a Python with a newer SQLite."
        )
    return ok("sqlite", version)


def _imports(name: str) -> Finding:
    """Import a core dependency for real: a broken wheel has a version too."""
    try:
        module = importlib.import_module(name)
    except Exception as error:  # whatever a broken wheel raises is the finding
        detail = f"does not import: {type(error).__name__}: {error}"
        return fail(name, detail, repair=f"pip install --force-reinstall {name}")
    return ok(name, str(getattr(module, "__version__", "unknown version")))


def _lightning() -> list[Finding]:
    """Judge each Lightning distribution that is installed, or the absence of both."""
    versions = installed_versions("lightning", "pytorch-lightning")
    if versions:
        return [_imported(judge_lightning(name, version)) for name, version in versions.items()]
    detail = "not installed: the callback and the DataModule need it, `sa.mix` does not"
    return [warn("lightning", detail, repair=install_hint("lightning"))]


def _imported(finding: Finding) -> Finding:
    """Import a release that may be used, in a process of its own: it is slow, and a broken one may do anything."""
    if finding.status == "FAIL":
        return finding
    module = _LIGHTNING_MODULES[finding.subject]
    error = _import_error(module)
    if not error:
        return finding
    detail = f"{finding.detail}: {module} does not import: {error}"
    return fail(finding.subject, detail, repair=f"pip install --force-reinstall {finding.subject}")


def _import_error(module: str) -> str:
    """Import a module in another process, and return the last line of what it printed if that failed."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"import {module}"],
            capture_output=True,
            text=True,
            timeout=_IMPORT_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {_IMPORT_TIMEOUT} seconds"
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return lines[-1] if done.returncode else ""


def _cuda() -> list[Finding]:
    """Compare what torch was built for with what the machine offers."""
    try:
        import torch
    except Exception:  # reported by check_versions already
        return []
    built = torch.version.cuda
    if built is None:
        return [ok("cuda", "torch is a CPU build; generators run on the CPU")]
    if torch.cuda.is_available():
        return [
            ok("cuda", f"{built}, {torch.cuda.device_count()} x {torch.cuda.get_device_name()}")
        ]
    detail = f"torch was built for CUDA {built}, but no device can be used"
    repair = "Run `nvidia-smi`: the driver may be missing or older than this CUDA needs."
    return [warn("cuda", detail, repair=repair)]


def _torchaudio() -> list[Finding]:
    """Import torchaudio in a process of its own: a mismatched one can take its process down."""
    if util.find_spec("torchaudio") is None:
        return []
    error = _import_error("torchaudio")
    return [judge_torchaudio(metadata.version("torch"), metadata.version("torchaudio"), error)]


def _numbers(version: str) -> tuple[int, int]:
    """Major and minor of a version string."""
    major, minor = (*version.split("."), "0")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()) or 0)
