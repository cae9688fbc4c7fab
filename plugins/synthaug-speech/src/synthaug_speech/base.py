"""What all text-to-speech generators share: who says what and how, and how the sound is finished."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Generator, Rejection
from lightning_synthaug.generators.digest import canonical_digest
from synthaug_speech.finish import Finish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from lightning_synthaug.generators import Request

__all__ = ["Prosody", "SpeechGenerator", "between"]

#: Steps of the additive recurrence in five dimensions: powers of the root of x^6 = x + 1.
_STEPS = tuple(1.1347241384015194**-k for k in range(1, 6))


class Prosody(NamedTuple):
    """How one sample is spoken.

    Attributes:
        text: What is said.
        voice: Number of the voice, from 0.
        speed: How much faster than usual, > 0.
        pitch: Where between the lowest and the highest pitch, in [0, 1]; for engines that have one.
        noise: Where between the smallest and the largest variation, in [0, 1]; for engines that have one.
        noise_width: The same for the variation of lengths.
    """

    text: str
    voice: int
    speed: float
    pitch: float
    noise: float
    noise_width: float


@dataclass(eq=False, repr=False)
class SpeechGenerator(Generator):
    """Say the text of a label, each sample by another voice in another way.

    Voices take turns by the number of the request, so that of each label every voice says as many samples, to within
    one; text, speed, pitch and noise follow an additive recurrence, which covers their ranges evenly from the first
    samples on. A sample that was turned down is tried in another way.

    Args:
        texts: For each label what is said: a text, or several of which each sample says one.
        template: What is put around a text, at `{}`, such as `"the number {}"`; None: nothing.
        rate: Sampling rate of the samples. Hertz.
        seconds: Length of the samples: silence is put on both sides of shorter ones, longer ones are rejected. None:
            each is as long as what is said. Seconds.
        speed: Slowest and fastest, by how fast a voice usually speaks. > 0.
        loudness: Root mean square of the samples, below full scale. Decibels, < 0.
        trim: What is so much softer than the loudest part is silence at the ends. Decibels, > 0.
        dtype: `"float32"` in [-1, 1], or `"int16"`.

    Source:
        Additive recurrence with the generalised golden ratio: M. Roberts, "The unreasonable effectiveness of
        quasirandom sequences" (2018).
    """

    texts: Sequence[str | Sequence[str]]
    _: KW_ONLY
    template: str | None = None
    rate: int = 16000
    seconds: float | None = None
    speed: tuple[float, float] = (0.85, 1.2)
    loudness: float = -23.0
    trim: float = 40.0
    dtype: str = "float32"

    modality = "audio"
    conditioning = "class"
    batch_size = 16
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Check what is said and how; a subclass calls this first."""
        if not self.texts or "{}" not in (self.template or "{}"):
            raise ValueError(
                "`texts` must name what each label says and `template` hold {}, got "
                f'{self.texts!r} and {self.template!r}. Pass for example texts=["zero", "one"].'
            )
        if not 0 < self.speed[0] <= self.speed[1]:
            raise ValueError(
                f"`speed` must be two numbers in order above 0, got {self.speed!r}. Use (0.85, 1.2)."
            )
        if self.dtype not in ("float32", "int16"):
            raise ValueError(f'`dtype` must be "float32" or "int16", got {self.dtype!r}.')
        self.labels = frozenset(range(len(self.texts)))
        self.variable_shape = self.seconds is None
        form = ("rate", "seconds", "loudness", "trim", "dtype")
        self._finish = Finish(**{name: getattr(self, name) for name in form})

    @abstractmethod
    def engine(self) -> Mapping[str, Any]:
        """Tell what the sound depends on besides the settings: weights, version of the engine. JSON values."""

    @abstractmethod
    def voice_count(self) -> int:
        """Count the voices; called when the generator is loaded."""

    @abstractmethod
    def speak(self, prosody: Prosody, seed: int) -> tuple[npt.NDArray[Any], int]:
        """Say one text.

        Args:
            prosody: What, by whom and how.
            seed: All the randomness it may use. Integer in [0, 2^64).

        Returns:
            Floats in [-1, 1] of shape `(n,)`, and their rate in hertz.
        """

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples."""
        named = ("template", "rate", "seconds", "loudness", "trim", "dtype")
        texts = [[t] if isinstance(t, str) else [*t] for t in self.texts]
        return {"texts": texts, "speed": [*self.speed], **{n: getattr(self, n) for n in named}}

    def fingerprint(self) -> str:
        """Name everything that a sample depends on besides its request."""
        told = {"version": self.version, "settings": self.settings(), "engine": {**self.engine()}}
        return f"synthaug-speech {type(self).__name__} {canonical_digest(told)}"

    def label_names(self) -> dict[int, str]:
        """Tell what each label says, the first text of each."""
        return {k: t if isinstance(t, str) else t[0] for k, t in enumerate(self.texts)}

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Say each request on its own.

        Args:
            requests: Label, number and seed of each.

        Returns:
            Records with `"audio"` of shape `(n,)`, `"rate"` and `"label"`, or rejections of what is silent or too long.
        """
        return [self._one(request) for request in requests]

    def particulars(self, request: Request) -> dict[str, Any]:
        """Say what was said, and how."""
        return self.prosody(request)._asdict()

    def prosody(self, request: Request) -> Prosody:
        """Choose how a request is spoken, as a function of its label, number and attempt alone.

        Args:
            request: What is asked for.

        Returns:
            Text, voice and the rest.
        """
        label = request.label or 0
        voices = self.voice_count()
        # Each label begins with another voice: few samples of each still are of many voices.
        turn, voice = divmod(request.number + label, voices)
        step = turn + 7919 * request.attempt + 131 * voice + 977 * label
        text, speed, pitch, noise, width = ((0.5 + step * alpha) % 1 for alpha in _STEPS)
        said = self.texts[label]
        options = [said] if isinstance(said, str) else said
        low, high = self.speed
        return Prosody(
            text=(self.template or "{}").replace("{}", options[int(text * len(options))]),
            voice=voice,
            speed=low * (high / low) ** speed,
            pitch=pitch,
            noise=noise,
            noise_width=width,
        )

    def _one(self, request: Request) -> Record | Rejection:
        """Say and finish one sample."""
        sound, rate = self.speak(self.prosody(request), request.seed)
        made = self._finish(sound, rate)
        if isinstance(made, Rejection):
            return made
        return Record({"audio": made, "rate": self.rate, "label": request.label})


def between(limits: tuple[float, float], share: float) -> float:
    """Go a share of the way between two limits.

    Example:
        >>> between((2.0, 4.0), 0.25)
        2.5
    """
    return limits[0] + (limits[1] - limits[0]) * share
