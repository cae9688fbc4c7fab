from __future__ import annotations

from importlib import metadata

from lightning_synthaug.cli.checks.installed import installed_versions


def test_only_installed_ones_are_listed_in_the_order_asked() -> None:
    found = installed_versions("pytest", "no-such-distribution", "numpy")
    assert list(found.items()) == [
        ("pytest", metadata.version("pytest")),
        ("numpy", metadata.version("numpy")),
    ]
