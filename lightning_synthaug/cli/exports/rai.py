"""What Croissant asks of responsible datasets, as far as the provenance of samples answers it."""

from __future__ import annotations

from typing import Any, Final

from lightning_synthaug.cli.exports.account import Account, Maker
from lightning_synthaug.cli.marking import tool

__all__ = ["MOST", "answers", "further"]

MOST: Final = 50
"""Generators that are listed one by one."""

_USES: Final = "Training, mixed with real samples. Nothing is known of how well they stand for real ones in tests."
_LIMITS: Final = (
    "The samples show what their generators can make, which is not how the real data are distributed. A label is what "
    "was asked for; a sample may show something else."
)
_BIASES: Final = "Not measured. Generators carry on, and may enlarge, the biases of the data that they were fitted on."
_PERSONAL: Final = (
    "Not assessed. Generators can give back parts of the data that they were fitted on."
)
_LABELS: Final = (
    "Labels were asked of the generators, or are those of the real samples that a sample was made from. Nobody "
    "assigned them by looking at the samples."
)


def answers(account: Account) -> dict[str, Any]:
    """Answer the questions of the vocabulary that mlcroissant has arguments for.

    Nothing is claimed that provenance does not say: what nobody has looked at is said to be so.

    Args:
        account: What is known of the samples.

    Returns:
        Arguments of `mlcroissant.Metadata`.

    Source:
        Croissant RAI specification 1.0.
    """
    told: dict[str, Any] = {
        "data_collection": (
            f"Not collected but generated: {account.samples} samples by {_names(account)}. Each carries its "
            "provenance: generator, digest of that, settings, request and seed, as far as they are known."
        ),
        "data_collection_type": ["Synthetic"],
        "data_collection_missing_data": (
            f"{account.damaged} samples were damaged or missing, and left out."
        ),
        "data_use_cases": [_USES],
        "data_limitations": [_LIMITS],
        "data_biases": [_BIASES],
        "personal_sensitive_information": [_PERSONAL],
    }
    if account.twins:
        told["data_collection_raw_data"] = (
            f"{account.twins} samples were each made from a real one, and may show what that shows. The real ones are "
            "no part of this dataset; each is named by a digest in the provenance (`twin`)."
        )
    if set(account.labels) - {None}:
        told["data_annotation_protocol"] = [_LABELS]
    return told


def further(account: Account) -> dict[str, Any]:
    """Answer what mlcroissant has no argument for, or spells otherwise than the specification.

    Args:
        account: What is known of the samples.

    Returns:
        JSON-LD for the dataset: `rai:dataCollectionTimeframe`, `rai:dataManipulationProtocol`,
        `rai:hasSyntheticData`, and how it came about in the words of PROV.

    Source:
        Croissant RAI specification 1.0; Croissant specification 1.1, section on provenance.
    """
    told: dict[str, Any] = {
        "rai:hasSyntheticData": True,
        "rai:dataManipulationProtocol": (
            f"None: samples are as they were generated. {tool()} wrote them without loss, and added to each image and "
            "sound file, as metadata, that it is synthetic."
        ),
        "prov:wasGeneratedBy": [
            _activity(maker, count) for maker, count in account.makers.most_common(MOST)
        ],
    }
    if account.first is not None:
        told["rai:dataCollectionTimeframe"] = [account.first, account.last]
    sources = sorted({maker.source for maker in account.makers if maker.source is not None})[:MOST]
    derived = [_entity(source) for source in sources]
    if account.twins:
        derived.append({"@type": "prov:Entity", "prov:label": "real samples, the twins"})
    if derived:
        told["prov:wasDerivedFrom"] = derived
    return told


def _names(account: Account) -> str:
    """Name the generators."""
    names = list(dict.fromkeys(maker.name for maker, _ in account.makers.most_common()))
    more = len(names) - MOST
    return ", ".join(names[:MOST]) + (f" and {more} more" if more > 0 else "") or "no generator"


def _activity(maker: Maker, count: int) -> dict[str, Any]:
    """Say in the words of PROV that a generator made samples."""
    agent = {"@type": "prov:SoftwareAgent", "prov:label": maker.name}
    if maker.fingerprint is not None:
        agent["identifier"] = maker.fingerprint
    if maker.kind is not None:
        agent["description"] = maker.kind
    label = f"Generation of {count} samples"
    return {"@type": "prov:Activity", "prov:label": label, "prov:wasAssociatedWith": agent}


def _entity(source: str) -> dict[str, Any]:
    """Name in the words of PROV what weights or samples come from."""
    if source.startswith(("https://", "http://")):
        return {"@id": source}
    return {"@type": "prov:Entity", "prov:label": source}
