"""Seconds of sound that each classical transform changes in a second on one core, beside other libraries.

Each change is asked for 30 different random settings, in turn with those of audiomentations, librosa and torchaudio
(those that are installed), on 2 seconds of a voice-like sound at 16 kHz. Time is that of the process, so that other
programs on the machine matter little. Pitch is also held against what was asked: the median over the middle of a sine
sweep of 4 seconds from 200 to 2000 Hz, in cents, at each of the 30 ratios.

Targets: the pitch is met within 5 cents at every ratio; ours is not behind the fastest peer that meets it (by the 95 %
interval of the paired ratio); no ratio of pitch or speed costs more than 3 times the median one.

    python benchmarks/audio.py --check
"""

from __future__ import annotations

import os

# Before numpy: one core.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from harness import Benchmark, interleaved, ratio_interval

import lightning_synthaug as sa

RATE = 16000
SECONDS = 2
RATIOS = 30
ROUNDS = 5
CENTS = 5.0

Change = Callable[[Any, float], Any]
"""From waves and a number in [-1, 1], which chooses the setting, to waves."""


def voice(seconds: float) -> Any:
    """Harmonics whose pitch and loudness move."""
    times = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(130 + 30 * np.sin(2 * np.pi * 0.7 * times)) / RATE
    tones = sum(np.sin(k * phase) / k for k in range(1, 25))
    return (0.15 * (1.2 + np.sin(2 * np.pi * 3 * times)) * tones).astype(np.float32)


def sweep(seconds: float, ratio: float) -> Any:
    """A sine whose logarithm of the frequency rises evenly."""
    times = np.arange(round(seconds * RATE)) / RATE
    growth = np.log(10) / seconds
    return (
        np.sin(2 * np.pi * 200 * ratio * (np.exp(growth * times) - 1) / growth).astype(np.float32)
        / 2
    )


def frequencies(sound: Any) -> Any:
    """Mean frequency of each tenth of a second in the middle, from the turns of the analytic signal."""
    spectrum = np.fft.fft(sound.astype(np.float64))
    spectrum[len(spectrum) // 2 :] = 0
    turns = np.unwrap(np.angle(np.fft.ifft(spectrum))) / (2 * np.pi)
    step = RATE // 10
    places = np.arange(len(turns) // 5, len(turns) * 4 // 5 - step, step // 2)
    return (turns[places + step] - turns[places]) * RATE / step


def cents_off(change: Change, draw: float) -> float:
    """How far a shifted sweep is from the pitch that was asked for."""
    ratio = 2 ** (draw * 4 / 12)
    made = np.asarray(change(sweep(4, 1.0), draw)).ravel()
    return float(
        np.median(np.abs(1200 * np.log2(frequencies(made) / frequencies(sweep(4, ratio)))))
    )


def ours(make: Callable[[float], Any]) -> Change:
    """Call a transform of this package whose setting is a function of the draw."""
    rng = np.random.default_rng(0)
    return lambda sound, draw: make(draw)(sound, rate=RATE, rng=rng)


def of_audiomentations() -> dict[str, Change]:
    """Their transforms, with the same settings."""
    import audiomentations as a

    def call(make: Callable[[float], Any]) -> Change:
        return lambda sound, draw: make(draw)(sound, sample_rate=RATE)

    return {
        "pitch": call(lambda d: a.PitchShift(4 * d, 4 * d, p=1)),
        "tempo": call(lambda d: a.TimeStretch(1 + d / 5, 1 + d / 5, p=1)),
        "gain": call(lambda d: a.Gain(6 * d, 6 * d, p=1)),
        "noise": call(lambda d: a.AddColorNoise(20 + d, 20 + d, 3, 3, p=1)),
        "low pass": call(lambda d: a.LowPassFilter(3000, 3001 + abs(d), 12, 12, p=1)),
        "clipping": call(lambda d: a.ClippingDistortion(5, 5, p=1)),
        "time mask": call(lambda d: a.TimeMask(0.1, 0.1, p=1)),
        "frequency mask": call(lambda d: a.BandStopFilter(1000, 1001 + abs(d), 0.5, 0.5, p=1)),
    }


def of_librosa() -> dict[str, Change]:
    """Theirs."""
    import librosa

    return {
        "pitch": lambda sound, d: librosa.effects.pitch_shift(sound, sr=RATE, n_steps=4 * d),
        "tempo": lambda sound, d: librosa.effects.time_stretch(sound, rate=1 + d / 5),
        "speed": lambda sound, d: librosa.resample(
            sound, orig_sr=RATE, target_sr=RATE / (1 + d / 10)
        ),
    }


def of_torchaudio() -> dict[str, Change]:
    """Theirs; pitch and speed are changed at 3 ratios alone, since each may need a kernel of many seconds."""
    import torchaudio.functional as f

    return {
        "pitch": lambda sound, d: f.pitch_shift(torch.from_numpy(sound), RATE, 4 * d).numpy(),
        "speed": lambda sound, d: f.speed(torch.from_numpy(sound), RATE, round(1 + d / 10, 2))[
            0
        ].numpy(),
        "gain": lambda sound, d: f.gain(torch.from_numpy(sound), 6 * d).numpy(),
        "low pass": lambda sound, d: f.lowpass_biquad(
            torch.from_numpy(sound), RATE, 3000 + d
        ).numpy(),
    }


def of_this_package() -> dict[str, Change]:
    """Ours."""
    t = sa.transforms
    changes = {
        "pitch": ours(lambda d: t.PitchShift(semitones=(4 * d, 4 * d))),
        "tempo": ours(lambda d: t.TimeStretch(factor=(1 + d / 5, 1 + d / 5))),
        "speed": ours(lambda d: t.Speed(factor=(1 + d / 10, 1 + d / 10))),
        "gain": ours(lambda d: t.Gain(decibels=(6 * d, 6 * d))),
        "noise": ours(lambda d: t.ColouredNoise(snr=(20 + d, 20 + d), slope=(3, 3))),
        "low pass": ours(lambda d: t.PassFilter("low", hertz=(3000, 3001 + abs(d)))),
        "clipping": ours(lambda _: t.Clipping(share=(0.05, 0.05))),
        "telephone": ours(lambda _: t.Codec("mu-law")),
        "mp3": ours(lambda _: t.Codec("mp3")),
        "time mask": ours(lambda _: t.TimeMask(share=(0.1, 0.1))),
        "frequency mask": ours(
            lambda d: t.FrequencyMask(octaves=(0.5, 0.5), hertz=(1000, 1001 + abs(d)))
        ),
    }
    rooms = t.SimulatedRoom(rooms=8)
    changes["room"] = ours(lambda _: rooms)
    for strength in ("light", "medium", "strong"):
        pipeline = t.audio(strength)
        changes[f'audio("{strength}")'] = ours(lambda _, pipeline=pipeline: pipeline)
    return changes


def seconds_of(change: Change, sound: Any, draws: Any) -> Any:
    """Time of the process for each draw, shape `(len(draws),)`."""
    taken = np.empty(len(draws))
    for place, draw in enumerate(draws):
        began = time.process_time()
        change(sound, float(draw))
        taken[place] = time.process_time() - began
    return taken


def measure(
    name: str, libraries: dict[str, dict[str, Change]], bench: Benchmark, draws: Any
) -> None:
    """Measure one kind of change in all libraries that have it."""
    sound = voice(SECONDS)
    changes = {library: known[name] for library, known in libraries.items() if name in known}
    asked = {
        library: draws[:3] if library == "torchaudio" and name in ("pitch", "speed") else draws
        for library in changes
    }
    off = {
        library: max(cents_off(change, float(draw)) for draw in asked[library])
        for library, change in changes.items()
        if name == "pitch"
    }
    for (
        change
    ) in changes.values():  # what is loaded or compiled at the first call, or computed once
        seconds_of(change, sound, draws[:1])
    costs: dict[str, list[Any]] = {library: [] for library in changes}

    def run(library: str) -> Callable[[], float]:
        def timed() -> float:
            costs[library].append(seconds_of(changes[library], sound, asked[library]))
            return float(np.median(costs[library][-1]))

        return timed

    medians = interleaved([run(library) for library in changes], ROUNDS)
    for place, library in enumerate(changes):
        cost = np.min(costs[library], axis=0)  # of each ratio, without what disturbed it
        worst = float(cost.max() / np.median(cost))
        speed = SECONDS / float(np.median(medians[:, place]))
        cents = f"{off[library]:.1f}" if library in off else ""
        bench.figures[f"{name}, {library}"] = speed
        bench.rows.append([name, library, f"{speed:.0f}", f"{worst:.1f}", cents])
        if library == "ours" and name in ("pitch", "tempo", "speed"):
            bench.need(f"{name}: dearest ratio by the median one", worst, at_most=3.0)
    if name == "pitch":
        bench.need("pitch: cents off at the worst ratio", off["ours"], at_most=CENTS)
        peers = [
            p for p, library in enumerate(changes) if library != "ours" and off[library] <= CENTS
        ]
        fastest = min(peers, key=lambda p: float(np.median(medians[:, p])), default=None)
        if fastest is not None:
            ratio, low, high = ratio_interval(medians[:, fastest], medians[:, 0])
            print(
                f"pitch: {ratio:.3f} times as fast as {[*changes][fastest]} ({low:.3f} to {high:.3f})"
            )
            bench.need("pitch: speed by that of the fastest peer, upper end", high, at_least=1.0)


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("audio", __doc__ or "")
    args = bench.parser().parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # peers warn of what they will change
    libraries = {"ours": of_this_package()}
    for name, known in (
        ("audiomentations", of_audiomentations),
        ("librosa", of_librosa),
        ("torchaudio", of_torchaudio),
    ):
        try:
            libraries[name] = known()
        except ImportError as error:
            print(f"{name} is left out: {error}")
    draws = np.random.default_rng(0).uniform(-1, 1, RATIOS)
    for name in libraries["ours"]:
        measure(name, libraries, bench, draws)
    return bench.finish(
        args, ["change", "library", "s of sound a s", "dearest/median", "cents off"]
    )


if __name__ == "__main__":
    sys.exit(main())
