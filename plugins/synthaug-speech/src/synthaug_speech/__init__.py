"""Text-to-speech generators: espeak-ng, Piper voices, VITS models of transformers."""

from __future__ import annotations

from synthaug_speech.base import Prosody, SpeechGenerator
from synthaug_speech.espeak import EspeakSpeech
from synthaug_speech.piper import PiperSpeech
from synthaug_speech.vits import VitsSpeech

__all__ = ["EspeakSpeech", "PiperSpeech", "Prosody", "SpeechGenerator", "VitsSpeech"]
