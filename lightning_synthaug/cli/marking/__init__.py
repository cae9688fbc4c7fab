"""What a sample that is published says of itself: that it is synthetic, what made it, under which licence."""

from __future__ import annotations

from lightning_synthaug.cli.marking.mark import Mark, text_of, tool
from lightning_synthaug.cli.marking.signing import Signing
from lightning_synthaug.cli.marking.sources import source_type
from lightning_synthaug.cli.marking.xmp import packet

__all__ = ["Mark", "Signing", "packet", "source_type", "text_of", "tool"]
