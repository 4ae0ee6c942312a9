"""Engines that speak: found by name, run in processes of their own, what they said kept on disk."""

from turnspec.run.voices.project import Speech, speech_for
from turnspec.run.voices.speaking import EngineSpeech, makers

__all__ = ["EngineSpeech", "Speech", "makers", "speech_for"]
