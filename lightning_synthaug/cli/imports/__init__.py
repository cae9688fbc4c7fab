"""Take samples back from what `exports` wrote."""

from __future__ import annotations

from lightning_synthaug.cli.imports.importing import Imported, import_samples

__all__ = ["Imported", "import_samples"]
