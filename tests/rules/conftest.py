"""What readers bring to pages is run by the pages alone: importing it leaves files behind."""

from __future__ import annotations

collect_ignore = ["brought"]
