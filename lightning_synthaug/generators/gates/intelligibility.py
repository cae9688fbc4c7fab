"""Does a recogniser of speech hear what was to be said?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.calibration import check_threshold
from lightning_synthaug.generators.gates.embeddings.ngrams import text_of
from lightning_synthaug.generators.gates.embeddings.sound import rate_of, sound_of
from lightning_synthaug.generators.gates.pretrained import (
    PretrainedScore,
    load_model,
    transformers_library,
)
from lightning_synthaug.generators.gates.wording import word_edits, words_of
from lightning_synthaug.transforms.sounds.base import as_waves
from lightning_synthaug.transforms.sounds.spectrum import resampled

if TYPE_CHECKING:
    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.request import Request

__all__ = ["Intelligibility"]


@final
class Intelligibility(PretrainedScore):
    """Accept speech that a recogniser writes down as what was to be said.

    The score is the word error rate: words that must be put in, left out or changed, over the words of the text; of
    several texts the nearest counts. Case and punctuation do not.

    Args:
        model: A folder that `save_pretrained` wrote, with the processor; or the name of a model on the Hugging Face
            Hub: Wav2Vec2 and the like, or Whisper. Weights are read as safetensors alone.
        texts: What each label says, by label or in order: a text, or several of which one is said or which are other
            spellings, such as `["7", "seven"]`. None where each sample has its text in the field `text`.
        language: Language that a model of several is told, such as `"english"`, or None.
        threshold: The highest word error rate that is accepted, or `"auto"`.
        share: For `"auto"`: the share of real recordings that pass.
        revision: Commit, tag or branch on the Hub.

    Raises:
        ConfigError: `threshold` or `share` is outside its range (SA452).
    """

    name = "intelligibility"
    modality = "audio"
    version: ClassVar[int] = 1
    higher_is_better = False

    def __init__(
        self,
        model: str | Path,
        *,
        texts: Mapping[int, str | Sequence[str]] | Sequence[str | Sequence[str]] | None = None,
        language: str | None = None,
        threshold: float | Literal["auto"] = "auto",
        share: float = 0.97,
        revision: str | None = None,
    ) -> None:
        check_threshold(threshold, share)
        self.model = model
        self.texts = texts
        self.language = language
        self.threshold = threshold
        self.share = share
        self.revision = revision

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        texts = None if self.texts is None else sorted(self._known().items())
        return {**super().settings(), "texts": texts, "language": self.language}

    def read_model(self, folder: Path, device: str) -> Any:
        """Read the model, and what turns sounds into its input and its output into words."""
        library = transformers_library()
        config = library.AutoConfig.from_pretrained(folder, local_files_only=True)
        written = config.is_encoder_decoder
        kind = library.AutoModelForSpeechSeq2Seq if written else library.AutoModelForCTC
        make: Any = library.pipeline  # the types of its hundred tasks say nothing of this one
        return make(
            "automatic-speech-recognition",
            model=load_model(kind, folder, device),
            tokenizer=library.AutoTokenizer.from_pretrained(folder, local_files_only=True),
            feature_extractor=library.AutoFeatureExtractor.from_pretrained(
                folder, local_files_only=True
            ),
            device=device,
        )

    def score(
        self, requests: Sequence[Request], records: Sequence[Record]
    ) -> npt.NDArray[np.float64]:
        """Count wrong words."""
        wanted = [self._wanted(*both) for both in zip(requests, records, strict=True)]
        said = [self.hear(record) for record in records]
        return np.array([_rate(s, options) for s, options in zip(said, wanted, strict=True)])

    def hear(self, record: Record) -> str:
        """Write down what is said.

        Args:
            record: With the fields `audio` and `rate`.

        Returns:
            Its words.

        Raises:
            GateError: It has no sound, or no rate (SA450).
        """
        sound_of(record)  # that it is one
        waves, _ = as_waves(record["audio"])
        rate, own = rate_of(record), self.loaded.feature_extractor.sampling_rate
        if rate is None:
            raise GateError(
                "SA450",
                f'A recogniser needs the field "rate" beside "audio", got {record!r}. Pass `record=`.',
            )
        sound = waves.mean(axis=0, keepdims=True)
        heard = np.ascontiguousarray((sound if rate == own else resampled(sound, own / rate))[0])
        told = {"language": self.language, "task": "transcribe"}
        options = {} if self.language is None else {"generate_kwargs": told}
        return str(self.loaded(heard, **options)["text"])

    def _known(self) -> dict[int, list[str]]:
        """List the texts of each label."""
        given = self.texts or {}
        known = given.items() if isinstance(given, Mapping) else enumerate(given)
        return {int(k): [text] if isinstance(text, str) else [*text] for k, text in known}

    def _wanted(self, request: Request, record: Record) -> list[str]:
        """Say which texts are right."""
        if self.texts is None:
            return [text_of(record)]
        label: Any = record.get("label") if request.label is None else request.label
        known = self._known()
        if label not in known:
            raise GateError(
                "SA459",
                f"`texts` must tell what each label says, got nothing for {label!r}. Add it: "
                '`texts={0: "no", 1: "yes"}`.',
            )
        return known[label]


def _rate(said: str, texts: Sequence[str]) -> float:
    """Measure the word error rate against the nearest text."""
    references = [words_of(text) for text in texts]
    lengths = [max(1, len(reference)) for reference in references]
    return float(np.min(word_edits(words_of(said), references) / lengths))
