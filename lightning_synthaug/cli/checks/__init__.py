"""What `synthaug doctor` looks at: one module a subject, one function a check."""

from __future__ import annotations

from lightning_synthaug.cli.checks.environment import check_albumentations, check_threads
from lightning_synthaug.cli.checks.extras import check_extras
from lightning_synthaug.cli.checks.finding import Finding, Status
from lightning_synthaug.cli.checks.plugins import check_plugins
from lightning_synthaug.cli.checks.storage import check_storage
from lightning_synthaug.cli.checks.versions import check_devices, check_versions

__all__ = [
    "Finding",
    "Status",
    "check_albumentations",
    "check_devices",
    "check_extras",
    "check_plugins",
    "check_storage",
    "check_threads",
    "check_versions",
]
