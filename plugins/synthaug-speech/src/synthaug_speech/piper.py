"""Voices of Piper: small VITS networks, near to a human voice, many times faster than it on one core."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from lightning_synthaug.generators.digest import file_digest
from synthaug_speech.base import Prosody, SpeechGenerator, between

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["PiperSpeech"]

_NOISE = "synthaug_noise"
_NUMBERS = 1 << 20  # a minute of speech; more goes round


class _Voice(NamedTuple):
    """A loaded file and one of its speakers."""

    engine: Any
    session: Any
    speaker: int | None
    noises: int


@final
@dataclass(eq=False, repr=False, kw_only=True)
class PiperSpeech(SpeechGenerator):
    """Speak with voices of Piper, which are files; the engine `piper-tts` (GPL-3) is found where it is installed.

    A voice draws its noise inside of its network, from a state that nobody can set. Here the noise is an input of the
    network, drawn from the request's seed, so that the same request gives the same sound.

    Args:
        texts: See `SpeechGenerator`, as for the other arguments.
        voices: Paths of `.onnx` files, each with its `.onnx.json` beside it. A file of several speakers is several
            voices.
        noise: Smallest and largest variation of the sound. >= 0.
        noise_width: Smallest and largest variation of lengths. >= 0.
    """

    voices: Sequence[str | Path]
    noise: tuple[float, float] = (0.3, 0.9)
    noise_width: tuple[float, float] = (0.4, 1.0)

    source = "Piper voices"
    libraries = ("piper-tts", "onnxruntime")

    def __post_init__(self) -> None:
        """Check the settings; no file is opened yet."""
        super().__post_init__()
        self._loaded: list[_Voice] = []
        self._speakers: int | None = None

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples."""
        return {**super().settings(), "noise": [*self.noise], "noise_width": [*self.noise_width]}

    def engine(self) -> dict[str, Any]:
        """Tell the contents of the files."""
        return {"voices": [[file_digest(v), file_digest(f"{v}.json")] for v in self.voices]}

    def voice_count(self) -> int:
        """Count the speakers of all files."""
        if self._speakers is None:
            told = [json.loads(Path(f"{v}.json").read_text("utf-8")) for v in self.voices]
            self._speakers = sum(max(1, one.get("num_speakers", 1)) for one in told)
        return self._speakers

    def load(self, device: str = "cpu") -> None:
        """Open the files.

        Args:
            device: `"cuda:0"` and the like need onnxruntime for CUDA.
        """
        super().load(device)
        self._loaded = [voice for path in self.voices for voice in _open(path, device)]

    def unload(self) -> None:
        """Close the files."""
        super().unload()
        self._loaded = []

    def speak(self, prosody: Prosody, seed: int) -> tuple[npt.NDArray[Any], int]:
        """Run the network of a voice, sentence by sentence."""
        voice = self._loaded[prosody.voice]
        rng = np.random.Generator(np.random.PCG64(seed))
        scales = (
            between(self.noise, prosody.noise),
            voice.engine.config.length_scale / prosody.speed,
            between(self.noise_width, prosody.noise_width),
        )
        parts = [np.zeros(0, np.float32)]
        for phonemes in voice.engine.phonemize(prosody.text):
            ids = np.array([voice.engine.phonemes_to_ids(phonemes)], np.int64)
            given: dict[str, Any] = {
                "input": ids,
                "input_lengths": np.array([ids.shape[1]], np.int64),
                "scales": np.array(scales, np.float32),
            }
            for place in range(voice.noises):
                given[f"{_NOISE}{place}"] = rng.standard_normal(_NUMBERS, np.float32)
            if voice.speaker is not None:
                given["sid"] = np.array([voice.speaker], np.int64)
            parts.append(voice.session.run(None, given)[0].ravel())
        return np.concatenate(parts), voice.engine.config.sample_rate


def _open(path: str | Path, device: str) -> list[_Voice]:
    """Open a file as as many voices as it has speakers."""
    try:
        import onnxruntime
        from piper import PiperVoice
        from piper.config import PiperConfig
    except ImportError as error:
        raise ImportError(
            f"Piper voices need their engine, got {error}. If GPL-3 suits you, run: pip install piper-tts onnx"
        ) from error
    network, noises = _with_noise_as_input(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # sums in another order would be other bytes
    kinds = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
    session = onnxruntime.InferenceSession(network, options, [*kinds, "CPUExecutionProvider"])
    told = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text("utf-8")))
    engine = PiperVoice(session=session, config=told)
    speakers = range(told.num_speakers) if told.num_speakers > 1 else [None]
    return [_Voice(engine, session, speaker, noises) for speaker in speakers]


def _with_noise_as_input(path: str | Path) -> tuple[bytes, int]:
    """Replace each node that draws noise by the first numbers of an input, in the shape that it had.

    Returns:
        The network, and how many such inputs there are.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    nodes, noises = [], 0
    for node in graph.node:
        if node.op_type != "RandomNormalLike":
            nodes.append(node)
            continue
        name = f"{_NOISE}{noises}"
        graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [_NUMBERS]))
        graph.initializer.append(numpy_helper.from_array(np.array([0], np.int64), f"{name}_0"))
        graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), f"{name}_flat"))
        nodes += [
            helper.make_node("Shape", [node.input[0]], [f"{name}_shape"]),
            helper.make_node("Size", [node.input[0]], [f"{name}_size"]),
            helper.make_node("Reshape", [f"{name}_size", f"{name}_flat"], [f"{name}_end"]),
            helper.make_node("Slice", [name, f"{name}_0", f"{name}_end"], [f"{name}_part"]),
            helper.make_node("Reshape", [f"{name}_part", f"{name}_shape"], list(node.output)),
        ]
        noises += 1
    del graph.node[:]
    graph.node.extend(nodes)
    return model.SerializeToString(), noises
