from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.fitting.data import FitData
from lightning_synthaug.fitting.forms import form_data
from lightning_synthaug.fitting.texts import TextData
from lightning_synthaug.generators.fitted_on import image_digest, sound_digest

IMAGES = np.arange(2 * 30 * 40, dtype=np.int64).astype(np.uint8).reshape(2, 30, 40)
SOUNDS = [np.sin(np.arange(n)) / 2 for n in (900, 1000)]


def test_each_modality_has_its_form_and_digests_of_what_was_given() -> None:
    images = form_data("cvae", IMAGES, [0, 1])
    small = form_data("cgan", IMAGES, [0, 1], size=8)
    sounds = form_data("cvae", SOUNDS, [0, 1], rate=8000, bands=8)
    texts = form_data("lm", ["a film", "a meal"], [0, 1], class_names=["art", "food"])
    assert isinstance(images, FitData) and isinstance(small, FitData)
    assert isinstance(sounds, FitData) and isinstance(texts, TextData)
    assert (images.images.shape, small.images.shape) == ((2, 1, 30, 40), (2, 1, 8, 8))
    assert images.spectrograms is None and sounds.images.shape == (2, 1, 8, 8)
    assert texts.names == ["art", "food"]
    wanted = [image_digest(image) for image in IMAGES]
    assert images.digests.tolist() == small.digests.tolist() == wanted
    assert sounds.digests.tolist() == [sound_digest(sound) for sound in SOUNDS]


@pytest.mark.parametrize(
    ("kind", "told", "match"),
    [
        ("lm", {"size": 8}, "`size` must be left out where texts are fitted on, got 8"),
        ("lm", {"rate": 8000}, "`rate` must be left out where texts are fitted on"),
        ("cvae", {"bands": 8}, "`bands` must be left out where images are fitted on"),
        ("cvae", {"rate": 8000, "size": 8}, "`size` must be left out where sounds are fitted on"),
        ("cvae", {"rate": 8000, "epsilon": 3.0}, "`epsilon` must be left out where sounds are"),
        ("cgan", {"size": 3}, "`size` must be a whole number of pixels, at least 4, got 3"),
        ("cgan", {"size": True}, "`size` must be .*got True"),
    ],
)
def test_what_is_not_of_the_modality_is_refused(
    kind: str, told: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConfigError, match=f"{match}.*SA444"):
        form_data(kind, IMAGES, [0, 1], **told)
