from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.generating.options import SynthAug
from lightning_synthaug.errors import ConfigError


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_configuration_of_a_callback_gives_its_options(tmp_path: Path, wrapped: bool) -> None:
    options = {
        "source": {"class_path": "folder", "init_args": {"folder": "x"}},
        "ratio": 0.3,
        "pool": 7,
    }
    config = {"class_path": "lightning_synthaug.SynthAug", "init_args": options}
    recipe = SynthAug.from_config(config if wrapped else options).recipe
    assert (recipe.ratio, recipe.pool) == (0.3, 7)
    with pytest.raises(ConfigError, match="SA720"):
        SynthAug.from_config({**options, "poool": 7})
