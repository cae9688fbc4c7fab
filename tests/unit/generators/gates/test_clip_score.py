from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import ClipScore, RealSamples
from tests.helpers.samples import pictures
from tests.helpers.tiny_models import save_clip, save_siglip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("models") / "clip")


def scores(gate: ClipScore, requests: list[Request], records: list[Record]) -> np.ndarray:
    gate.load()
    made = gate.score(requests, records)
    gate.unload()
    return made


def test_the_score_is_the_cosine_that_the_model_itself_gives(folder: Path) -> None:
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    records = pictures(3, side=20)
    model = AutoModel.from_pretrained(folder).eval()
    images = [np.asarray(record["image"]) for record in records]
    pixels = AutoImageProcessor.from_pretrained(folder)(images=images, return_tensors="pt")
    texts = ["a photo of a dog", "a photo of a cat", "a photo of a dog"]
    words = AutoTokenizer.from_pretrained(folder)(texts, return_tensors="pt")
    with torch.no_grad():
        out = model(**pixels, **words)
    expected = (out.image_embeds * out.text_embeds).sum(1).numpy()
    gate = ClipScore(folder, class_names=["cat", "dog"])
    requests = [Request(label, 0) for label in (1, 0, 1)]
    np.testing.assert_allclose(scores(gate, requests, records), expected, atol=1e-5)


def test_siglip_is_read_as_it_was_trained_with_padding(tmp_path: Path) -> None:
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    folder = save_siglip(tmp_path)
    (record,) = pictures(1)
    model = AutoModel.from_pretrained(folder).eval()
    pixels = AutoImageProcessor.from_pretrained(folder)(
        images=[np.asarray(record["image"])], return_tensors="pt"
    )
    words = AutoTokenizer.from_pretrained(folder)(
        ["a cat"], padding="max_length", max_length=12, return_tensors="pt"
    )
    with torch.no_grad():
        out = model(**pixels, **words)
    expected = (out.image_embeds * out.text_embeds).sum(1).numpy()
    gate = ClipScore(folder, class_names=["cat"], template="a {}")
    np.testing.assert_allclose(scores(gate, [Request(0, 0)], [record]), expected, atol=1e-5)


def test_a_long_caption_is_cut(folder: Path) -> None:
    long = pictures(1)[0].replace(text="a cat and a dog " * 20)
    assert np.isfinite(scores(ClipScore(folder), [Request(None, 0)], [long])).all()


def test_what_is_asked_for_is_the_label_the_twin_or_the_caption(folder: Path) -> None:
    record = pictures(1)[0].replace(label=0, text="a cat")
    cat, dog = (Request(label, 0) for label in (0, 1))
    gate = ClipScore(folder, class_names={0: "cat", 1: "dog"}, template="a {}")
    of_cat, of_dog = scores(gate, [cat, dog], [record, record])
    assert of_cat != of_dog
    twin = Request(None, 0, twin=record.replace(label=1))
    assert scores(gate, [twin, Request(None, 0)], [record] * 2) == pytest.approx([of_dog, of_cat])
    caption = ClipScore(folder)
    assert scores(caption, [dog], [record]) == pytest.approx([of_cat])


def test_grey_transparent_and_float_images_are_taken(folder: Path) -> None:
    image = np.asarray(pictures(1)[0]["image"])
    alpha = np.concatenate([image, image[:, :, :1]], axis=2)
    grey = image[:, :, 0]
    versions = [image, alpha, image / np.float32(255), grey, np.repeat(grey[:, :, None], 3, 2)]
    gate = ClipScore(folder, class_names=["cat"])
    made = scores(gate, [Request(0, 0)] * 5, [Record({"image": v}) for v in versions])
    np.testing.assert_allclose(made[1:3], made[0], atol=1e-5)
    np.testing.assert_allclose(made[3], made[4], atol=1e-5)
    assert made[3] != pytest.approx(made[0], abs=1e-5)


def test_the_threshold_can_follow_real_images(folder: Path) -> None:
    gate = ClipScore(folder, class_names=["cat", "dog"], share=0.8)
    real = pictures(40)
    gate.fit(RealSamples.of(real))
    gate.load()
    verdicts = gate.judge([Request(int(np.asarray(r["label"])), 0) for r in real], real)
    assert 0.75 <= np.mean([v.accepted for v in verdicts]) < 1


def test_settings_tell_gates_apart(folder: Path) -> None:
    gates = [
        ClipScore(folder),
        ClipScore(folder, class_names=["cat", "dog"]),
        ClipScore(folder, class_names={1: "cat", 0: "dog"}),
        ClipScore(folder, template="{}"),
        ClipScore(folder, threshold=0.2),
    ]
    assert len({gate.fingerprint() for gate in gates}) == 5
    with pytest.raises(ConfigError, match="SA452"):
        ClipScore(folder, share=3)


def test_a_label_without_a_name_is_refused(folder: Path) -> None:
    gate = ClipScore(folder, class_names=["cat"])
    with pytest.raises(GateError, match=r"`class_names` must name .*got no name of 4.*SA459"):
        scores(gate, [Request(4, 0)], pictures(1))
