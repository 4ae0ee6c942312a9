"""The local agent as a Realtime server: its mind, and the port that it is served on."""

from turnspec.doubles.realtime.mind import ScriptedMind
from turnspec.doubles.realtime.serve import RunningDouble, serve_realtime, serving
from turnspec.doubles.sessions import Sessions

__all__ = ["RunningDouble", "ScriptedMind", "Sessions", "serve_realtime", "serving"]
