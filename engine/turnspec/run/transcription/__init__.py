"""Recognition: engines found by name, run in processes of their own, what they made out kept on disk."""

from turnspec.run.transcription.project import Transcription, transcription_for, wrong_engine
from turnspec.run.transcription.recognizer import PooledTranscriber, Recognizer

__all__ = ["PooledTranscriber", "Recognizer", "Transcription", "transcription_for", "wrong_engine"]
