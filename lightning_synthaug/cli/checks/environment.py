"""What surrounds the process: number of threads, and which albumentations answers to the name."""

from __future__ import annotations

import os
from collections.abc import Mapping

from lightning_synthaug.cli.checks.finding import Finding, fail, ok, warn
from lightning_synthaug.cli.checks.installed import installed_versions

__all__ = ["check_albumentations", "check_threads", "judge_albumentations", "judge_threads"]

_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def check_threads() -> list[Finding]:
    """Look at the variables that set the number of threads of the numerical libraries.

    Returns:
        One finding.
    """
    return [judge_threads(os.environ, cores=os.cpu_count() or 1)]


def check_albumentations() -> list[Finding]:
    """Look at which distribution provides `import albumentations`.

    Returns:
        One finding when one is installed, else none.
    """
    versions = installed_versions("albumentations", "albumentationsx")
    return [judge_albumentations(versions)] if versions else []


def judge_threads(environ: Mapping[str, str], *, cores: int) -> Finding:
    """Say whether the thread variables make sense on a machine.

    Args:
        environ: Environment variables.
        cores: Logical cores of the machine, >= 1.

    Returns:
        WARN for a value that is not a number >= 1 or lies above `cores`, else OK.

    Example:
        >>> judge_threads({"OMP_NUM_THREADS": "64"}, cores=8).status
        'WARN'
    """
    values = {name: environ[name] for name in _VARIABLES if name in environ}
    wrong = [f"{name}={value}" for name, value in values.items() if not _sensible(value, cores)]
    if wrong:
        detail = f"{', '.join(wrong)} on a machine with {cores} cores"
        repair = f"Set a number from 1 to {cores}, or unset it."
        return warn("threads", detail, repair=repair)
    shown = ", ".join(f"{name}={value}" for name, value in values.items()) or "library defaults"
    return ok("threads", f"{shown}, {cores} cores")


def judge_albumentations(versions: Mapping[str, str]) -> Finding:
    """Say whether the albumentations that gets imported is the MIT one.

    AlbumentationsX (AGPL or commercial) installs the same import name: with both, whichever was
    installed last has overwritten the other's files.

    Args:
        versions: Version by distribution, of those installed; at least one.

    Returns:
        FAIL for both, WARN for AlbumentationsX alone, OK for the MIT one.

    Example:
        >>> judge_albumentations({"albumentations": "2.0.8"}).status
        'OK'
    """
    subject = "albumentations"
    install = "pip install --force-reinstall 'albumentations>=2.0.8,<3'"
    if "albumentationsx" not in versions:
        return ok(subject, f"{versions['albumentations']} (MIT)")
    remove = f"pip uninstall albumentationsx; {install}"
    if "albumentations" in versions:
        return fail(subject, "AlbumentationsX shadows it: both own the same files", repair=remove)
    detail = f"AlbumentationsX {versions['albumentationsx']} answers to the name: AGPL, not MIT"
    return warn(subject, detail, repair=f"If its licence does not suit you: {remove}")


def _sensible(value: str, cores: int) -> bool:
    """Whether a thread count is a number from 1 to `cores` (OpenMP allows a list, one a level)."""
    parts = value.split(",")
    return all(part.strip().isdecimal() and 1 <= int(part) <= cores for part in parts)
