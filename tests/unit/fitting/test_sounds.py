from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import lightning_synthaug as sa
from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting import fit_generator, load_fitted
from lightning_synthaug.fitting.cgan import CGAN
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.diffusion import Diffusion
from lightning_synthaug.fitting.latents import find_latents
from lightning_synthaug.fitting.sounds import heard, sound_data, wav_of
from lightning_synthaug.generators import seen_samples
from lightning_synthaug.generators.contract import GeneratorContract
from lightning_synthaug.generators.gates import RealSamples, ValidAudio

RATE, LENGTH = 8000, 2000
LABELS = np.arange(90) % 3


def _bursts() -> Any:
    """Short noises of three pitches: int16, shape `(90, 2000)`."""
    rng = np.random.default_rng(0)
    hertz = np.fft.rfftfreq(LENGTH, 1 / RATE)
    spectra = np.fft.rfft(rng.standard_normal((len(LABELS), LENGTH)))
    noises = np.fft.irfft(spectra * np.exp(-(((hertz - 600 - 1000 * LABELS[:, None]) / 200) ** 2)))
    times = np.arange(LENGTH) / RATE - rng.uniform(0.1, 0.15, (len(LABELS), 1))
    loud = noises / np.abs(noises).max(1, keepdims=True) * np.exp(-((times / 0.05) ** 2))
    return np.rint(16000 * loud).astype(np.int16)


BURSTS = _bursts()
SMALL: dict[str, Any] = {
    "epochs": 30, "batch_size": 32, "bands": 16, "width": 8, "device": "cpu", "progress": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sounds") / "cvae"
    given = {**SMALL, "epochs": 150, "width": 64, "latent": 2}
    fit_generator("cvae", BURSTS, LABELS, out=out, rate=RATE, class_names=["a", "b", "c"], **given)
    return out


class TestContract(GeneratorContract):
    @pytest.fixture(autouse=True)
    def folder(self, fitted: Path) -> None:
        self.fitted = fitted

    def make(self) -> sa.TorchGenerator:
        return load_fitted(self.fitted, batch_size=8)

    def make_other(self) -> sa.TorchGenerator:
        return load_fitted(self.fitted, batch_size=8, spread=0.5)


def test_samples_sound_like_their_class_and_pass_the_gate_of_sounds(fitted: Path) -> None:
    generator = load_fitted(fitted)
    generator.load()
    requests = [sa.Request(label=n % 3, number=n, seed=n) for n in range(60)]
    made: list[Any] = generator.generate(requests)
    assert generator.modality == "audio"
    assert {(r["audio"].dtype.name, r["audio"].shape, r["rate"]) for r in made} == {
        ("int16", (LENGTH,), RATE)
    }
    spectra = np.abs(np.fft.rfft(np.stack([r["audio"] for r in made]).astype(float)))
    found = np.rint((spectra.argmax(1) * RATE / LENGTH - 600) / 1000)
    assert (found == [r.label for r in requests]).mean() > 0.9
    real = [
        sa.Record({"audio": t, "rate": RATE, "label": int(k)})
        for t, k in zip(BURSTS, LABELS, strict=True)
    ]
    gate = ValidAudio()
    gate.fit(RealSamples.of(real))
    verdicts = gate.judge(requests, made)
    assert sum(v.accepted for v in verdicts) > 50, [v.reason for v in verdicts]


def test_the_folder_has_pictures_sounds_to_play_and_a_report(fitted: Path) -> None:
    card = json.loads((fitted / "card.json").read_text())
    assert card["sound"]["rate"] == RATE and card["sound"]["length"] == LENGTH
    assert card["report"]["fidelity_ratio"] > 0.8
    names = {path.name for path in fitted.iterdir()}
    assert {"samples.png", "samples-0.wav", "samples-1.wav", "samples-2.wav"} < names
    sound, rate = soundfile.read(fitted / "samples-2.wav")
    assert rate == RATE and len(sound) == 6 * (LENGTH + RATE // 5) and np.abs(sound).max() > 0.05


def test_latents_are_found_and_sounds_fitted_on_are_known_again(fitted: Path) -> None:
    found = find_latents(fitted, BURSTS[:3], LABELS[:3])
    assert found.shape == (3, 2) and np.isfinite(found).all()
    waves = [(torch.from_numpy(t / np.float32(32768))[None], RATE, 0) for t in BURSTS]
    seen = seen_samples(load_fitted(fitted), waves)
    assert len(seen) == 81, "all but the tenth that was held out"


@pytest.mark.parametrize("kind", ["cgan", "diffusion"])
def test_the_other_kinds_make_sounds(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr({"cgan": CGAN, "diffusion": Diffusion}[kind], "judged", 6)
    given = {**SMALL, "epochs": 1, "held_out": 0.0}
    waves = [t[: 1800 + k] / np.float32(32768) for k, t in enumerate(BURSTS[:30])]
    fit_generator(kind, waves, LABELS[:30], out=tmp_path / "f", rate=RATE, **given)
    generator = load_fitted(tmp_path / "f", batch_size=2)
    generator.load()
    (record,) = generator.generate([sa.Request(label=2, number=0, seed=1)])
    assert isinstance(record, sa.Record)
    assert record["audio"].shape == (1829,) and record["audio"].dtype == np.float32


def test_sounds_of_each_form_become_pictures() -> None:
    data = sound_data(BURSTS, LABELS, rate=RATE, bands=16)
    assert data.images.shape == (90, 1, 16, 16) and data.dtype == "int16"
    for same in (BURSTS[:, None], BURSTS[..., None], BURSTS / 32768):
        other = sound_data(same, LABELS, rate=RATE, bands=16)
        np.testing.assert_allclose(other.images, data.images, atol=1e-4)
        np.testing.assert_array_equal(other.digests, data.digests)
    few = sound_data([*BURSTS[:2], BURSTS[2, :1000]], LABELS[:3], rate=RATE, bands=16)
    assert few.images.shape[0] == 3 and not few.images[2, 0, :, -3:].any(), "silence follows"
    assert few.take(np.array([1])).digests.tolist() == [few.digests[1]]
    images = fit_data(np.zeros((2, 5, 5), np.uint8), np.arange(2))
    assert heard(images.images, images) is images.images
    again = heard(data.images[:4], data)
    assert again.shape == (4, 1, 16, 16) and np.abs(again - data.images[:4]).mean() < 0.15
    assert data.spectrograms is not None
    played, rate = soundfile.read(io.BytesIO(wav_of(data.images[:2], data.spectrograms)))
    assert rate == RATE and len(played) == 2 * (LENGTH + 1600)


@pytest.mark.parametrize(
    ("sounds", "options", "match"),
    [
        (BURSTS, {"rate": 8000.0}, "`rate` must be a whole number .*got 8000.0 and 32"),
        (BURSTS, {"bands": 3}, "`bands` one from 4 to 512, got 8000 and 3"),
        (BURSTS[:, :700], {}, r"must last 0.1 seconds at least, got 700 samples at 8000 Hz"),
        (np.stack([BURSTS] * 2, 1), {}, "must have one channel, got 2: mix them"),
        (BURSTS / 8000, {}, r"must lie in \[-1, 1\], got 1\.28"),
        (np.full((90, 2000), np.nan), {}, r"must lie in \[-1, 1\], got nan"),
        (BURSTS.astype(str), {}, "A sound to fit on must be one, got A sound must be an array"),
    ],
)
def test_other_sounds_are_refused(sounds: Any, options: dict[str, Any], match: str) -> None:
    with pytest.raises(DataError, match=f"{match}.*SA440"):
        sound_data(sounds, LABELS, **{"rate": RATE, **options})
