"""Write the API reference's pages from what the package holds, before Sphinx reads its sources.

One page lists the public face; one page a sub-package documents its public modules. Nothing has
to be edited when a module is added, so no public name can be forgotten.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

PACKAGE = "lightning_synthaug"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the writer."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "api" / "_generated"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(folder: Path) -> None:
    """Write `public.rst` and one page a module or sub-package; drop the pages of gone ones."""
    pages = {"public.rst": _public_page()}
    root = importlib.import_module(PACKAGE)
    for info in pkgutil.iter_modules(root.__path__, f"{PACKAGE}."):
        page = _module_page(info.name)
        if page:
            pages[f"{info.name.rpartition('.')[2]}.rst"] = page
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.rst"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _public_page() -> str:
    """The names of the package, each with its first line and a link to its place."""
    root = importlib.import_module(PACKAGE)
    lines = ["Public names", "============", "", ".. list-table::", "   :widths: 30 70", ""]
    for name in sorted(getattr(root, "__all__", [])):
        value = getattr(root, name)
        place = f"{getattr(value, '__module__', PACKAGE)}.{getattr(value, '__qualname__', name)}"
        summary = (inspect.getdoc(value) or "").partition("\n")[0] if callable(value) else ""
        lines += [f"   * - :py:obj:`{name} <{place}>`", f"     - {summary}"]
    return "\n".join(lines) + "\n"


def _module_page(name: str) -> str:
    """Sections for a module and every public module below it; empty when it holds nothing."""
    lines = [name.rpartition(".")[2], "=" * len(name), ""]
    found = False
    for module in _walk(name):
        listed = getattr(importlib.import_module(module), "__all__", [])
        package = hasattr(importlib.import_module(module), "__path__")
        found = found or bool(listed)
        if module != name:
            short = module.removeprefix(f"{name}.")
            lines += [short, "-" * len(short), ""]
        lines += [f".. automodule:: {module}"]
        # A package only re-exports: its names are documented where they are defined.
        lines += ["   :no-members:", ""] if package else [""]
    return "\n".join(lines) if found else ""


def _walk(name: str) -> Iterator[str]:
    """A module and the public ones below it, parents first, in alphabetical order."""
    yield name
    module = importlib.import_module(name)
    for info in pkgutil.iter_modules(getattr(module, "__path__", []), f"{name}."):
        if not info.name.rpartition(".")[2].startswith("_"):
            yield from _walk(info.name)
