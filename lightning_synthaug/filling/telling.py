"""One line for the user, beside any progress bar."""

from __future__ import annotations

import sys

from tqdm import tqdm

__all__ = ["say"]


def say(text: str) -> None:
    """Tell the user something once, beside any progress bar.

    Args:
        text: One line.
    """
    tqdm.write(f"synthaug: {text}", file=sys.stderr)
