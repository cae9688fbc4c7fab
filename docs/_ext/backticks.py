"""Docstrings write code in single backticks, as Markdown does; reStructuredText wants two."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

# Neither part of a double backtick, nor of a role or a link, which reStructuredText understands.
_CODE = re.compile(r"(?<![`:\w])`(?!`)([^`]+)`(?![`_])")
_BEFORE_NAPOLEON = 400  # its own listener has Sphinx's default priority of 500


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the listener."""
    app.connect("autodoc-process-docstring", _process, priority=_BEFORE_NAPOLEON)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def double(text: str) -> str:
    """Double the backticks around code, across line ends too."""
    return _CODE.sub(r"``\1``", text)


def _process(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Change the lines of one docstring in place, as Sphinx asks for."""
    lines[:] = double("\n".join(lines)).split("\n")
