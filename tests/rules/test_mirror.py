"""Each module of the package has its test file, where the source says that it is."""

from __future__ import annotations

from pathlib import Path

from tests.rules.repository import PACKAGE, ROOT, modules, shown

# Module (relative to the package) -> why it needs no test file of its own.
WITHOUT: dict[str, str] = {}


def expected_test(module: Path) -> Path:
    """Where the test of a module belongs."""
    inside = module.relative_to(PACKAGE)
    return ROOT / "tests" / "unit" / inside.parent / f"test_{inside.stem.lstrip('_')}.py"


def test_each_module_has_its_test() -> None:
    tested = [path for path in modules() if path.name != "__init__.py"]
    tested = [path for path in tested if path.relative_to(PACKAGE).as_posix() not in WITHOUT]
    missing = [shown(test) for test in map(expected_test, tested) if not test.is_file()]
    assert not missing, f"write {', '.join(missing)}"


def test_exceptions_exist_and_say_why() -> None:
    assert all((PACKAGE / name).is_file() and why for name, why in WITHOUT.items())
