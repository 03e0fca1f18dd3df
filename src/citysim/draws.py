"""Random draws that depend on names and numbers only, so a view is the same after every restart."""

import hashlib
from collections.abc import Iterable
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Key = int | str
Keys = npt.NDArray[Any] | Key

GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""The constants of splitmix64."""
LOWER_64 = 0xFFFFFFFFFFFFFFFF


class Draws:
    """Draws for one seed and one chain of names, such as (platform, stream).

    Every draw names what it is for and the keys (entity, time ...) it belongs to. It is a hash of these, not the
    next number of a sequence: asking for minute 7 before minute 3 gives what asking in order gives.
    """

    def __init__(self, seed: int, *names: str) -> None:
        self._state = np.uint64(_hash("\x1f".join([str(seed), *names])))

    def bits(self, what: str, *keys: Keys) -> U64:
        """64 random bits per element of the broadcast `keys`; always at least one dimension."""
        state = _mix(np.atleast_1d(self._state ^ np.uint64(_hash(what))))
        for key in keys:
            state = _mix((state ^ _as_u64(key)) + np.uint64(GOLDEN))
        return state

    def uniform(self, what: str, *keys: Keys) -> Floats:
        """Uniform numbers in [0, 1)."""
        # The upper 53 bits, because a float64 holds no more.
        return (self.bits(what, *keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, what: str, *keys: Keys) -> Floats:
        """Standard normal numbers, by Box and Muller from two independent uniforms."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(what + "/radius", *keys)))
        return radius * np.cos(2.0 * np.pi * self.uniform(what + "/angle", *keys))

    def one(self, what: str, *keys: Key) -> float:
        """A single uniform number in [0, 1)."""
        return (self._one_bits(what, *keys) >> 11) * 2.0**-53

    def one_normal(self, what: str, *keys: Key) -> float:
        """A single standard normal number."""
        radius = np.sqrt(-2.0 * np.log1p(-self.one(what + "/radius", *keys)))
        return float(radius * np.cos(2.0 * np.pi * self.one(what + "/angle", *keys)))

    def sequence(self, what: str, *keys: Key) -> Random:
        """A generator of its own for one entity, where many small choices are made in a row."""
        return Random(self._one_bits(what, *keys))

    def _one_bits(self, what: str, *keys: Key) -> int:
        """`bits` of single keys. Views ask by the ten thousand, and numpy takes its time over an array of one."""
        state = _mix_one(int(self._state) ^ _hash(what))
        for key in keys:
            number = _hash(key) if isinstance(key, str) else int(key)
            state = _mix_one(((state ^ (number & LOWER_64)) + GOLDEN) & LOWER_64)
        return state


def key_of(name: str) -> int:
    """The 64-bit key of an entity's name."""
    return _hash(name)


def keys_of(names: Iterable[str]) -> U64:
    """The 64-bit keys of many names, as one array."""
    return np.array([_hash(name) for name in names], dtype=np.uint64)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _as_u64(key: Keys) -> U64:
    if isinstance(key, str):
        key = _hash(key)
    if isinstance(key, int):
        return np.array([key & LOWER_64], dtype=np.uint64)
    return key.astype(np.uint64)


def _mix(state: U64) -> U64:
    """The finaliser of splitmix64: every input bit changes about half of the output bits."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(FIRST)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(SECOND)
    return state ^ (state >> np.uint64(31))


def _mix_one(state: int) -> int:
    """`_mix` of a plain integer."""
    state = (state ^ (state >> 30)) * FIRST & LOWER_64
    state = (state ^ (state >> 27)) * SECOND & LOWER_64
    return state ^ (state >> 31)
