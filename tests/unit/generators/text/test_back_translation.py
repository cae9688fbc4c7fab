"""Back-translation by real translators: tiny ones of transformers, and Apertium where it is installed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GeneratorError, MissingDependency
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.generators.text import BackTranslation
from tests.helpers.tiny_language import CORPUS, save_m2m, save_marian

needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="the program apertium is not installed"
)
ENGLISH = ["The old waiter brought the wrong dish on Monday.", "Loved it", "A film for all of us!"]


def asked(texts: list[str], **more: Any) -> list[Request]:
    return [
        Request(1, place, seed=7 + 31 * place, twin=Record({"text": text, "label": 1}), **more)
        for place, text in enumerate(texts)
    ]


def texts_of(results: list[Record | Rejection]) -> list[Any]:
    return [r["text"] if isinstance(r, Record) else r.reason for r in results]


@pytest.fixture(scope="module")
def marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two directions, each a model of its own."""
    pytest.importorskip("sentencepiece", reason="sentencepiece is not installed")
    folder = tmp_path_factory.mktemp("marian")
    save_marian(folder / "opus-en-xx", seed=1)
    save_marian(folder / "opus-xx-en", seed=2)
    return folder


def by_hand(folder: Path, text: str, **how: Any) -> str:
    """What transformers makes of one text by itself."""
    from transformers import MarianMTModel, MarianTokenizer

    tokenizer = MarianTokenizer.from_pretrained(folder)
    model = MarianMTModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        out = model.generate(**tokenizer(text, return_tensors="pt"), max_new_tokens=24, **how)
    return str(tokenizer.decode(out[0], skip_special_tokens=True)).strip()


@pytest.mark.parametrize("beams", [1, 3])
def test_without_chance_it_is_what_the_two_models_say(beams: int, marian: Path) -> None:
    name = str(marian / "opus-{source}-{target}")
    generator = BackTranslation(name, language="en", pivots=["xx"], beams=beams, longest=24)
    generator.load()
    texts = CORPUS[:3]
    how = {"num_beams": beams, "do_sample": False}
    wanted = [
        by_hand(marian / "opus-xx-en", by_hand(marian / "opus-en-xx", text, **how), **how)
        for text in texts
    ]
    assert texts_of(generator.generate(asked(texts))) == wanted
    assert len(set(wanted)) > 1


def test_sampled_texts_follow_their_seeds_in_any_company(marian: Path) -> None:
    name = str(marian / "opus-{source}-{target}")
    arguments: Any = {"language": "en", "pivots": ["xx"], "temperature": 0.9, "longest": 24}
    generator = BackTranslation(name, **arguments, batch_size=4)
    generator.load()
    requests = asked(CORPUS[:7])
    together = generator.generate(requests)
    assert [generator.generate([request])[0] for request in requests] == together
    assert generator.generate(requests[::-1])[::-1] == together
    again = asked(CORPUS[:1] * 7)
    assert len(set(texts_of(generator.generate(again)))) > 4


def test_a_model_of_many_languages_is_told_which(tmp_path: Path) -> None:
    pytest.importorskip("sentencepiece", reason="sentencepiece is not installed")
    from transformers import M2M100ForConditionalGeneration, M2M100Tokenizer

    folder = save_m2m(tmp_path / "m2m")
    generator = BackTranslation(folder, language="en", pivots=["de", "fr"], longest=24)
    generator.load()
    tokenizer = M2M100Tokenizer.from_pretrained(folder)
    model = M2M100ForConditionalGeneration.from_pretrained(folder).eval()
    for version, pivot in enumerate(("de", "fr")):
        text = CORPUS[0]
        for source, target in (("en", pivot), (pivot, "en")):
            tokenizer.src_lang = source
            out = model.generate(
                **tokenizer(text, return_tensors="pt"),
                forced_bos_token_id=tokenizer.get_lang_id(target),
                max_new_tokens=24,
                do_sample=False,
            )
            text = str(tokenizer.decode(out[0], skip_special_tokens=True)).strip()
        request = asked(CORPUS[:1], version=version)
        assert generator.particulars(request[0]) == {"pivot": pivot}
        assert texts_of(generator.generate(request)) == [text]


@needs_apertium
def test_apertium_there_and_back() -> None:
    generator = BackTranslation(pivots=["spa"])
    generator.load()
    made = generator.generate(asked([*ENGLISH, "  ", "Monday"]))
    assert texts_of(made)[0].startswith("The old ") and "wrong dish" in texts_of(made)[0]
    assert texts_of(made)[3:] == ["the real text is empty", "the same as the real text"]
    assert all(r["label"] == 1 for r in made if isinstance(r, Record))
    assert generator.generate(asked(ENGLISH[::-1]))[::-1] == made[:3]
    # Without chance a second attempt brings the same again; a further version may.
    assert texts_of(generator.generate(asked(ENGLISH, attempt=1))) == ["no further pivot"] * 3
    assert texts_of(generator.generate(asked(ENGLISH, version=5))) == texts_of(made)[:3]


@needs_apertium
def test_a_pair_that_apertium_lacks_is_named() -> None:
    with pytest.raises(MissingDependency, match="SA482") as caught:
        BackTranslation(pivots=["xyz"]).load()
    assert "eng-xyz" in str(caught.value) and "apt-get" in str(caught.value)


def test_the_field_of_a_pair_is_translated_and_nothing_else(marian: Path) -> None:
    name = str(marian / "opus-{source}-{target}")
    generator = BackTranslation(
        name, language="en", pivots=["xx"], field="hypothesis", temperature=0.9, longest=12
    )
    generator.load()
    pair = Record({"text": CORPUS[0], "hypothesis": CORPUS[1], "label": 2})
    (made,) = generator.generate([Request(2, 0, seed=3, twin=pair)])
    assert isinstance(made, Record)
    assert {name: made[name] for name in ("text", "label")} == {"text": CORPUS[0], "label": 2}
    assert made["hypothesis"] != CORPUS[1]


def test_what_cannot_be_is_refused(marian: Path) -> None:
    refused: tuple[dict[str, Any], ...] = (
        {"pivots": []},
        {"pivots": "spa"},
        {"temperature": -1},
        {"beams": 2, "temperature": 1},
    )
    for wrong in refused:
        with pytest.raises(ConfigError, match="SA481"):
            BackTranslation(**wrong)
    generator = BackTranslation(marian / "opus-en-xx", language="en", pivots=["xx"])
    with pytest.raises(GeneratorError, match="SA413"):
        generator.generate(asked(ENGLISH))
    generator.load()
    with pytest.raises(GeneratorError, match="SA484"):
        generator.generate([Request(1, 0)])
    with pytest.raises(GeneratorError, match="SA480"):
        BackTranslation(marian / "opus-{source}-{target}", pivots=["zz"]).load()
    (long,) = generator.generate(asked([" ".join(CORPUS[:40])]))
    assert long == Rejection("too long for the model")


def test_the_fingerprint_tells_settings_and_weights_and_not_places(
    marian: Path, tmp_path: Path
) -> None:
    moved = shutil.copytree(marian, tmp_path / "moved")
    kept: Any = {"language": "en", "pivots": ["xx"]}
    prints = [
        BackTranslation(folder / "opus-{source}-{target}", **{**kept, **more}).fingerprint()
        for folder, more in (
            (marian, {}),
            (moved, {"batch_size": 3, "name": "other"}),
            (marian, {"temperature": 0.5}),
            (marian, {"longest": 9}),
        )
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3
    both = BackTranslation(marian / "opus-en-xx", **kept).fingerprint()
    assert both not in prints
