"""Where a sample comes from: what its provenance says besides the request's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module, metadata
from typing import Any

from lightning_synthaug.filling.made import Open
from lightning_synthaug.filling.needs import SourceNeeds

__all__ = ["made_by", "particulars", "versions"]

#: Distributions whose versions any sample may depend on.
_ALWAYS = ("numpy", "torch")


def made_by(needs: SourceNeeds, device: str) -> dict[str, Any]:
    """Say what made the samples of one batch. The store keeps it once for all of them.

    Args:
        needs: What the source is asked for.
        device: Torch device that they were made on; its kind is told, not its number.

    Returns:
        Plain JSON values: those of `Generator.provenance`, and `synthetic`, `device`, `versions`, `generation_seed`.
    """
    generator = needs.generator
    return {
        **generator.provenance(),
        "synthetic": True,
        "device": device.partition(":")[0],
        "versions": versions(tuple(generator.libraries)),
        "generation_seed": needs.generation_seed,
    }


def particulars(needs: SourceNeeds, opened: Open) -> dict[str, Any]:
    """List what is particular to one sample.

    Args:
        needs: What the source is asked for.
        opened: The request.

    Returns:
        Plain JSON values: what the generator tells of it, and the request's label, number, seed, attempt and twin.
    """
    request = opened.request
    own = needs.generator.particulars(request)
    own |= {"label": request.label, "number": request.number, "seed": request.seed}
    if request.twin is not None:
        own |= {"twin": request.twin.digest().hex(), "version": request.version}
        index = needs.twin_index(opened.identity)
        if index is not None:
            own["twin_index"] = index
    if request.attempt:
        own["attempt"] = request.attempt
    return own


def versions(libraries: Sequence[str] = ()) -> dict[str, str]:
    """Tell the versions of this package and of libraries, without importing them.

    Args:
        libraries: Names of distributions besides NumPy and torch; those that are not installed are left out.

    Returns:
        Versions by name. The same object for the same names.
    """
    return _versions(tuple(libraries))


@lru_cache(maxsize=64)
def _versions(libraries: tuple[str, ...]) -> dict[str, str]:
    """Look versions up, once a process."""
    package = import_module(__name__.partition(".")[0])
    told = {"lightning-synthaug": str(package.__version__)}
    for name in (*_ALWAYS, *libraries):
        try:
            told[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return told
