"""Text-to-speech generators: espeak-ng, Piper voices, pipelines of transformers."""

from __future__ import annotations

from synthaug_speech.base import Prosody, SpeechGenerator
from synthaug_speech.espeak import EspeakSpeech
from synthaug_speech.pipelines import TransformersSpeech
from synthaug_speech.piper import PiperSpeech

__all__ = ["EspeakSpeech", "PiperSpeech", "Prosody", "SpeechGenerator", "TransformersSpeech"]
