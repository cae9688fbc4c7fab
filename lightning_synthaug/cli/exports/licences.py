"""Licences as a dataset's metadata name them."""

from __future__ import annotations

from typing import Final

__all__ = ["address_of", "hub_name"]

#: Identifiers of SPDX that Hugging Face knows, too, in small letters.
_KNOWN: Final = (
    "AGPL-3.0",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-NC-2.0",
    "CC-BY-NC-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-ND-3.0",
    "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-2.0",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "CDLA-Sharing-1.0",
    "ECL-2.0",
    "EPL-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "GFDL-1.3",
    "GPL-2.0",
    "GPL-3.0",
    "ISC",
    "LGPL-2.1",
    "LGPL-3.0",
    "MIT",
    "MPL-2.0",
    "ODbL-1.0",
    "OFL-1.1",
    "PDDL-1.0",
    "Unlicense",
    "Zlib",
)
_BY_SMALL: Final = {name.lower(): name for name in _KNOWN}
#: Where Hugging Face's name is not SPDX's in small letters.
_HUB: Final = {"odbl-1.0": "odbl", "pddl-1.0": "pddl"}


def address_of(licence: str) -> str:
    """Return the address of a licence, which Croissant prefers to its name.

    Args:
        licence: As provenance has it.

    Returns:
        SPDX's page for an identifier that is known here; anything else as it is.

    Example:
        >>> address_of("cc-by-4.0"), address_of("ask Ann")
        ('https://spdx.org/licenses/CC-BY-4.0', 'ask Ann')
    """
    name = _BY_SMALL.get(licence.lower())
    return licence if name is None else f"https://spdx.org/licenses/{name}"


def hub_name(licence: str) -> str:
    """Return what Hugging Face calls a licence.

    Args:
        licence: As provenance has it.

    Returns:
        One of its identifiers; `"other"` for a licence that it has none for.

    Example:
        >>> hub_name("CC0-1.0"), hub_name("ODbL-1.0"), hub_name("ask Ann")
        ('cc0-1.0', 'odbl', 'other')
    """
    small = licence.lower()
    return _HUB.get(small, small) if small in _BY_SMALL else "other"
