"""Which distributions are installed, without importing any of them."""

from __future__ import annotations

from importlib import metadata

__all__ = ["installed_versions"]


def installed_versions(*names: str) -> dict[str, str]:
    """Look up the versions of distributions.

    Args:
        names: Distributions, as an installer spells them.

    Returns:
        Version by name, of those that are installed, in the order given.

    Example:
        >>> list(installed_versions("no-such-distribution", "numpy"))
        ['numpy']
    """
    return {name: version for name in names if (version := _version(name)) is not None}


def _version(name: str) -> str | None:
    """Version of one distribution, None when it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
