from __future__ import annotations

import subprocess
import sys

import pytest

from lightning_synthaug.data import adapt
from lightning_synthaug.errors import DataError


@pytest.mark.parametrize("name", ["item", "record"])
def test_functions_must_be_callable(name: str) -> None:
    with pytest.raises(DataError, match=rf"`{name}=` must be a function, got 3.*\[SA207\]"):
        adapt([1], **{name: 3})  # type: ignore[arg-type]


def test_a_stream_is_refused() -> None:
    with pytest.raises(DataError, match=r"must be map-style.*got generator.*\[SA201\]"):
        adapt(n for n in range(3))


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = (
        "import sys, lightning_synthaug.data, lightning_synthaug.data.transforms;"
        "heavy = {'torch', 'albumentations', 'PIL', 'cv2', 'tqdm', 'torchvision'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
