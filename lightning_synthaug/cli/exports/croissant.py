"""croissant.json: an export as catalogues, search engines and loaders of datasets understand it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from lightning_synthaug.cli.exports.account import Account
from lightning_synthaug.cli.exports.layouts import parts
from lightning_synthaug.cli.exports.licences import address_of
from lightning_synthaug.cli.exports.rai import answers, further
from lightning_synthaug.cli.marking import text_of, tool
from lightning_synthaug.errors import MissingDependency, install_hint

__all__ = ["library", "write_croissant"]

_VERSION: Final = "http://mlcommons.org/croissant/1.1"
_RAI_VERSION: Final = "http://mlcommons.org/croissant/RAI/1.0"
#: What version 1.1 adds to the words that mlcroissant takes for known by itself, and the one vocabulary besides.
_CONTEXT: Final = {
    "arrayShape": "cr:arrayShape",
    "containedIn": "cr:containedIn",
    "description": {"@container": "@language"},
    "isArray": "cr:isArray",
    "name": {"@container": "@language"},
    "prov": "http://www.w3.org/ns/prov#",
}


def library() -> Any:
    """Import mlcroissant on first use.

    An export without a description would be marked less than it says, so that there is none.

    Returns:
        The library.

    Raises:
        MissingDependency: It is not installed (SA808).
    """
    try:
        import mlcroissant
    except ImportError as error:
        raise MissingDependency(
            "SA808",
            f"Describing an export needs mlcroissant, got no module 'mlcroissant'. {install_hint('export')}",
        ) from error
    return mlcroissant


def write_croissant(folder: Path, *, name: str, to: str, account: Account) -> None:
    """Write `croissant.json` into an export.

    Args:
        folder: The export, all its samples written.
        name: Name of the dataset.
        to: Its format, one of `exports.FORMATS`.
        account: What is known of its samples.

    Raises:
        MissingDependency: mlcroissant is not installed (SA808).
    """
    mlc = library()
    context = mlc.Context(conforms_to=_VERSION)
    context.rdf = mlc.Rdf(context={**mlc.Rdf().context, **_CONTEXT})
    distribution, record_sets = parts(mlc, folder, to=to, account=account)
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    generators = sorted({maker.name for maker in account.makers})
    metadata = mlc.Metadata(
        ctx=context,
        name=text_of(name) or "synthetic samples",
        description=f"{account.samples} synthetic samples, exported with {tool()}.",
        conforms_to=[_VERSION, _RAI_VERSION],
        keywords=["synthetic", *generators[:20]],
        license=_licences(account),
        date_created=None if account.last is None else datetime.fromisoformat(account.last),
        date_published=today,
        version="1.0.0",
        distribution=distribution,
        record_sets=record_sets,
        **answers(account),
    )
    told = {**metadata.to_json(), **further(account)}
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (folder / "croissant.json").write_text(f"{text}\n", encoding="utf-8")


def _licences(account: Account) -> list[str] | None:
    """List licences; where one is not known, the others must not seem to be those of all samples."""
    known = [address_of(licence) for licence in account.licences()]
    unlicensed = account.unlicensed()
    return (
        [*known, f"not known for {unlicensed} samples"] if known and unlicensed else known or None
    )
