"""Tests of the extract stage, against real HTTP servers on loopback."""
