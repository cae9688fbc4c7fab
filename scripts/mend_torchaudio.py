"""Let torchaudio load beside a torch without CUDA.

PyPI has torchaudio for CUDA alone: beside another torch its libraries do not load, and without them it is Python.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

import torch


def main() -> None:
    """Remove the libraries where they cannot be loaded."""
    if torch.version.cuda is None:
        for library in Path(sysconfig.get_path("platlib"), "torchaudio", "lib").glob("*.so"):
            library.unlink()


if __name__ == "__main__":
    main()
