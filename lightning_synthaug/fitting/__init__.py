"""Fitting generators on the user's own data.

Importing this package does not import Lightning: a machine that only generates can load what
another one fitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightning_synthaug.fitting.saved import load_fitted

if TYPE_CHECKING:
    from lightning_synthaug.fitting.cvae import CVAE
    from lightning_synthaug.fitting.fit import fit_cvae, fit_generator, fit_lm

__all__ = ["CVAE", "fit_cvae", "fit_generator", "fit_lm", "load_fitted"]


def __getattr__(name: str) -> Any:
    """Import what needs Lightning when it is first asked for."""
    if name == "CVAE":
        from lightning_synthaug.fitting.cvae import CVAE

        return CVAE
    if name in ("fit_cvae", "fit_generator", "fit_lm"):
        from lightning_synthaug.fitting import fit

        return getattr(fit, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
