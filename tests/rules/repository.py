"""What the rules look at: the repository's files and the syntax trees of the package."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lightning_synthaug"
PLUGINS = ROOT / "plugins"
ERROR_PAGES = ROOT / "docs" / "errors"

_LEFT_OUT = {".git", ".venv", "_build", "_generated", "__pycache__", "build", "dist", "runs"}


@cache
def files(suffix: str = "") -> tuple[Path, ...]:
    """Files that git tracks or would add; without git, all but build outputs."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found = [ROOT / name for name in done.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [p for p in ROOT.rglob("*") if not _LEFT_OUT & set(p.relative_to(ROOT).parts)]
    return tuple(sorted(p for p in found if p.is_file() and p.name.endswith(suffix)))


@cache
def tree(path: Path) -> ast.Module:
    """Syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def modules() -> list[Path]:
    """Files of the package, `__init__` files included."""
    return [path for path in files(".py") if path.is_relative_to(PACKAGE)]


def plugin_modules() -> list[Path]:
    """Files of the distributions in `plugins`, without their tests."""
    return [path for path in files(".py") if path.is_relative_to(PLUGINS) and "src" in path.parts]


def dotted(path: Path) -> str:
    """Import path of a file of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def shown(path: Path) -> str:
    """Path as messages and test ids show it."""
    return path.relative_to(ROOT).as_posix()
