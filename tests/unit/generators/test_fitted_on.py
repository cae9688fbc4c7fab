from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.assets import demo_generator
from lightning_synthaug.data import Record
from lightning_synthaug.generators import FolderGenerator, TorchGenerator
from lightning_synthaug.generators.fitted_on import (
    DIGESTS,
    fitted_digests,
    image_digest,
    image_digests,
    record_digests,
    seen_samples,
    sound_digest,
    sound_digests,
    text_digest,
)

GREY = np.random.default_rng(0).integers(0, 256, (5, 6), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (5, 6, 3), np.uint8)


def test_the_same_picture_has_the_same_digest_however_it_is_kept() -> None:
    for same in (GREY[None], GREY[..., None], GREY / 255, (GREY / 255).astype(np.float32)[None]):
        assert image_digest(same) == image_digest(GREY)
    for same in (COLOUR.transpose(2, 0, 1), COLOUR / 255):
        assert image_digest(same) == image_digest(COLOUR)


def test_other_pictures_have_others() -> None:
    changed = GREY.copy()
    changed[2, 3] ^= 1
    pictures = [GREY, changed, GREY.T, GREY[::-1], GREY[:-1]]
    assert len(set(image_digests(pictures).tolist())) == len(pictures)


def test_a_text_is_the_same_however_its_words_are_parted() -> None:
    assert text_digest("A fine\nfilm. ") == text_digest("A fine film.")
    assert text_digest("A fine film.") != text_digest("a fine film.")
    records = [Record({"text": "one", "image": GREY}), Record({"text": "two", "image": GREY})]
    assert record_digests(records, "text").tolist() == [text_digest("one"), text_digest("two")]
    assert record_digests(records, "image").tolist() == [image_digest(GREY)] * 2


def test_a_generator_that_does_not_say_has_none(tmp_path: Path) -> None:
    assert fitted_digests(demo_generator()) is None
    assert fitted_digests(FolderGenerator(tmp_path)) is None


@pytest.mark.parametrize("content", [np.array([1.5]), np.array([object()])])
def test_a_file_of_another_kind_says_nothing(tmp_path: Path, content: np.ndarray) -> None:
    np.save(tmp_path / DIGESTS, content)
    weights = tmp_path / "g.safetensors"
    generator = TorchGenerator(weights, module="torch.nn:Identity", latent=3)
    assert fitted_digests(generator) is None
    assert seen_samples(generator, [(GREY, 0)]) == []
    np.save(tmp_path / DIGESTS, np.array([3, 5], np.uint64))
    found = fitted_digests(generator)
    assert found is not None
    assert found.tolist() == [3, 5]


def test_images_that_were_fitted_on_are_found(tmp_path: Path) -> None:
    images = np.random.default_rng(2).integers(0, 256, (40, 5, 6), np.uint8)
    np.save(tmp_path / DIGESTS, np.sort(image_digests(images[30:])))
    generator = TorchGenerator(tmp_path / "g.safetensors", module="torch.nn:Identity", latent=3)
    data = [(image, 0) for image in images]
    assert seen_samples(generator, data) == list(range(30, 40))
    assert seen_samples(generator, data[:30]) == []
    assert seen_samples(generator, data, most=2) == [39]
    assert seen_samples(demo_generator(), data) == []


def test_the_same_sound_has_the_same_digest_however_it_is_kept() -> None:
    sound = np.random.default_rng(2).integers(-9000, 9000, 500, np.int16)
    padded = np.pad(sound, (40, 60))
    for same in (sound[None], sound[:, None], sound / 32768, padded, (padded / 32768)[None]):
        assert sound_digest(same) == sound_digest(sound)
    others = [sound, -sound, sound[::-1], sound[:-1]]
    assert len(set(sound_digests(others).tolist())) == 4
