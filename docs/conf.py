"""Configuration of the documentation site; built strictly by `make check`."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

project = "lightning_synthaug"
author = "the lightning_synthaug contributors"
copyright = "the lightning_synthaug contributors, Apache-2.0"
release = metadata.version("lightning-synthaug")
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "api_pages",
    "backticks",
]
exclude_patterns = ["_build", "_ext"]

autodoc_default_options = {"members": True, "show-inheritance": True, "member-order": "bysource"}
autodoc_typehints = "signature"
# A framework's own docstrings are its own: they are not written for this site.
autodoc_inherit_docstrings = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Attributes as a field list: autodoc documents the same names once more as members.
napoleon_use_ivar = True
# Our Returns hold prose: without this, text before a colon would be taken for a type.
napoleon_custom_sections = ["Returns", "Source", "Yields"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"lightning_synthaug {release}"
