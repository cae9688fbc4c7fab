"""The espeak-ng program: many voices and languages, fast, and plainly a machine."""

from __future__ import annotations

import functools
import io
import re
import shutil
import struct
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from synthaug_speech.base import Prosody, SpeechGenerator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["EspeakSpeech"]

_WORDS_A_MINUTE = 175


@final
@dataclass(eq=False, repr=False, kw_only=True)
class EspeakSpeech(SpeechGenerator):
    """Speak with `espeak-ng`, a program that has to be installed (`apt install espeak-ng`; its licence is GPL-3).

    Args:
        texts: See `SpeechGenerator`, as for the other arguments.
        voices: Names as `espeak-ng --voices` and `--voices=variant` list them, such as `"en-gb"` or `"en-us+f3"`.
        pitch: Lowest and highest of espeak-ng's numbers for pitch. In [0, 99].

    Example:
        >>> EspeakSpeech(["yes", "no"], seconds=1.0).label_names()
        {0: 'yes', 1: 'no'}
    """

    voices: Sequence[str] = (
        "en-us",
        "en-gb",
        "en-us+f2",
        "en-gb-scotland+f4",
        "en-us+m3",
        "en-gb-x-rp+f1",
    )
    pitch: tuple[int, int] = (30, 70)

    licence = "output of espeak-ng"
    source = "espeak-ng"

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples."""
        return {**super().settings(), "voices": [*self.voices], "pitch": [*self.pitch]}

    def engine(self) -> dict[str, Any]:
        """Tell the version of the program."""
        return {"espeak-ng": _version()}

    def voice_count(self) -> int:
        """Count the voices."""
        return len(self.voices)

    def speak(self, prosody: Prosody, seed: int) -> tuple[npt.NDArray[Any], int]:
        """Run the program; it draws nothing at random, so that the seed does not matter."""
        del seed
        low, high = self.pitch
        options = {
            "-v": self.voices[prosody.voice],
            "-s": str(round(_WORDS_A_MINUTE * prosody.speed)),
            "-p": str(round(low + (high - low) * prosody.pitch)),
        }
        # The text goes through a pipe: as an argument it could be taken for an option.
        command = [
            _program(),
            *(part for pair in options.items() for part in pair),
            "--stdin",
            "--stdout",
        ]
        done = subprocess.run(
            command, input=prosody.text.encode(), capture_output=True, check=False
        )
        if done.returncode or len(done.stdout) < 44:
            raise RuntimeError(
                f"espeak-ng must speak, got {done.stderr.decode(errors='replace')!r} for {command[1:]}."
            )
        file = io.BytesIO(done.stdout)
        rate = int(struct.unpack_from("<I", file.getvalue(), 24)[0])
        # The lengths in the header are not known when it is written.
        samples = np.frombuffer(done.stdout[44 : len(done.stdout) & ~1], "<i2")
        return samples.astype(np.float32) / np.float32(32768), rate


def _program() -> str:
    """Find the program."""
    found = shutil.which("espeak-ng")
    if found is None:
        raise FileNotFoundError(
            "The program espeak-ng must be on the path, got none. Run: apt install espeak-ng"
        )
    return found


@functools.cache
def _version() -> str:
    """Ask the program for its version, which the sound depends on."""
    told = subprocess.run(
        [_program(), "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\d+\.\d+[\w.-]*", told)
    return found.group() if found else told.strip()
