"""From a published row back to the bytes that it was made from, and the proof that they still give it."""

from hutong.trace.find import Hit, find
from hutong.trace.stage import Trace, trace

__all__ = ["Hit", "Trace", "find", "trace"]
