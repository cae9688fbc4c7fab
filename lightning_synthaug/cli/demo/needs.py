"""What the demo needs beyond the package's core."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from lightning_synthaug.errors import MissingDependency, install_hint

__all__ = ["NEEDS", "check_needs"]

NEEDS = {
    "lightning": "lightning",
    "albumentations": "albumentations",
    "sklearn": "scikit-learn",
    "matplotlib": "matplotlib",
}
"""Distribution by the name it is imported under."""


def check_needs(needs: Mapping[str, str] = NEEDS) -> None:
    """Make sure that the demo can run to its end, before it begins.

    Args:
        needs: Distribution by module.

    Raises:
        MissingDependency: One of them is not installed.
    """
    missing = [name for module, name in needs.items() if find_spec(module) is None]
    if missing:
        raise MissingDependency(
            "SA802",
            f"`synthaug demo` needs {', '.join(needs.values())}, got no {', no '.join(missing)}. "
            f"{install_hint('demo')}",
        )
