from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.fitting import fit_lm, load_fitted, text_report
from lightning_synthaug.fitting import watch as watch_module
from lightning_synthaug.fitting.framework import quiet
from lightning_synthaug.fitting.language import LanguageModel
from lightning_synthaug.fitting.settings import complete_settings
from lightning_synthaug.fitting.texts import text_data
from lightning_synthaug.fitting.watch import FitWatch
from lightning_synthaug.generators import Request
from tests.helpers.tiny_language import CORPUS, save_causal, save_marian

TEXTS, LABELS = CORPUS[:40], [place % 2 for place in range(40)]
SETTINGS: dict[str, Any] = {"epochs": 4, "rank": 4, "learning_rate": 1e-2, "held_out": 0.2}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spend less time on reports."""
    monkeypatch.setattr(text_report, "_JUDGED", 8)


def fit(model: Path, out: Path, texts: Any = TEXTS, labels: Any = LABELS, **more: Any) -> Any:
    given: dict[str, Any] = {**SETTINGS, "device": "cpu", "progress": False, **more}
    return fit_lm(texts, labels, model=model, out=out, **given)


def module_of(model: Path, **more: Any) -> LanguageModel:
    settings = complete_settings("lm", {"model": str(model), **more}, 40)
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(0)
        return LanguageModel(settings, ["bad", "good"], total_steps=10)


def test_what_is_written_is_of_the_class_asked_for(model: Path, tmp_path: Path) -> None:
    texts, labels = ["a fine film", "an old dish"] * 20, [4, 9] * 20
    more: dict[str, Any] = {"epochs": 40, "rank": 16, "held_out": 0.0}
    fit(model, tmp_path / "f", texts, labels, class_names=["film", "food"], **more)
    generator: Any = load_fitted(tmp_path / "f", temperature=0.0)
    generator.load("cpu")
    speaker = generator._speaker
    made = speaker.say(generator.told, [{"label": "film"}, {"label": "food"}], [1, 2], name="x")
    assert made == ["a fine film", "an old dish"]
    (result,) = generator.generate([Request(4, 0, seed=1)])
    assert not isinstance(result, Record), "it is a text that was fitted on"


def test_a_fit_goes_on_where_it_was_interrupted(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "_SECONDS", 0.0)
    fit(model, tmp_path / "whole")
    looked = FitWatch.on_train_epoch_end

    def interrupt(self: FitWatch, trainer: Any, pl_module: Any) -> None:
        looked(self, trainer, pl_module)
        if self.epochs_done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(FitWatch, "on_train_epoch_end", interrupt)
        fit(model, tmp_path / "broken")
    assert (tmp_path / ".broken.fitting" / "last.ckpt").exists()
    with pytest.raises(ConfigError, match=r"other data, settings or versions.*SA445"):
        fit(model, tmp_path / "broken", prompt="Say {label}:")
    fit(model, tmp_path / "broken")
    files = [tmp_path / name / "adapter_model.safetensors" for name in ("whole", "broken")]
    assert files[0].read_bytes() == files[1].read_bytes(), "as if it had never been interrupted"
    losses = json.loads((tmp_path / "broken" / "card.json").read_text())["losses"]
    assert (losses["epochs_done"], losses["steps_done"]) == (4, 16)
    assert losses["held_out"]["looks"] == 4


def test_a_fit_that_overfits_ends_early_with_its_best_weights(model: Path, tmp_path: Path) -> None:
    more: dict[str, Any] = {"epochs": 60, "rank": 16, "learning_rate": 3e-2, "patience": 1}
    fit(model, tmp_path / "f", TEXTS[:12], LABELS[:12], **more)
    card = json.loads((tmp_path / "f" / "card.json").read_text())
    held_out = card["losses"]["held_out"]
    assert card["losses"]["ended"] == "the held-out loss no longer fell"
    assert held_out["best_epoch"] < card["losses"]["epochs_done"] < 60
    assert held_out["best_loss"] < held_out["loss"]
    best = torch.tensor(held_out["best_loss"]).exp()
    assert card["report"]["held_out_perplexity"] == pytest.approx(float(best), rel=1e-3)


def test_only_the_text_and_its_end_are_learned(model: Path) -> None:
    module = module_of(model)
    numbers, marks = module.samples(text_data(["fine", "a fine old film"], [0, 1])).tensors
    tokenizer = module.tokenizer
    assert numbers.shape == marks.shape
    for row, kinds, name, text in zip(
        numbers, marks, ("bad", "good"), ("fine", "a fine old film"), strict=True
    ):
        assert tokenizer.decode(row[kinds == 1]) == f'Text of the kind "{name}":'
        assert tokenizer.decode(row[kinds == 2]) == f" {text}</s>"
        assert kinds[kinds > 0].tolist() == sorted(kinds[kinds > 0].tolist())
    short = module_of(model, longest=3)
    assert int((short.samples(text_data(TEXTS, LABELS)).tensors[1] == 2).sum(1).max()) == 3


def test_an_answer_begins_where_a_chat_has_it(tmp_path: Path) -> None:
    module = module_of(save_causal(tmp_path, chat=True), prompt="[user]\nA {label} text.")
    numbers, marks = module.samples(text_data(["fine", "old"], [0, 1])).tensors
    row = numbers[0][marks[0] > 0]
    assert module.tokenizer.decode(row) == "<s>user: A bad text.</s><s>assistant: fine</s>"


def test_a_checkpoint_holds_what_is_fitted_alone(model: Path) -> None:
    module = module_of(model)
    state = module.state_dict()
    assert all("lora_" in name for name in state)
    changed = {name: torch.full_like(weight, 0.5) for name, weight in state.items()}
    module.load_state_dict(changed)
    assert all(torch.equal(module.state_dict()[name], w) for name, w in changed.items())
    data = text_data(TEXTS, LABELS)
    assert module.loss_before(data) == pytest.approx(module_of(model).loss_on(data), rel=1e-5)
    assert module.loss_on(data) != pytest.approx(module.loss_before(data), rel=1e-2)


def test_samples_are_logged(model: Path, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    fit(model, tmp_path / "f", epochs=1, logs=tmp_path / "logs")
    events = accumulator.EventAccumulator(str(tmp_path / "logs")).Reload()
    assert "samples/text_summary" in events.Tags()["tensors"]


@pytest.mark.filterwarnings("ignore")  # the library's own, of its tokenizer
def test_a_model_that_does_not_go_on_with_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"one that translates.*SA836"):
        fit(save_marian(tmp_path / "m"), tmp_path / "f")
    assert not (tmp_path / "f").exists()
    with pytest.raises(ConfigError, match=r"`dtype` must be one of.*SA444"):
        fit(tmp_path / "m", tmp_path / "f", dtype="int8")
    with pytest.raises(ConfigError, match=r"`model` must name .*SA444"):
        complete_settings("lm", {}, 40)
