"""What goes into the packed tracks comes out again."""

import numpy as np

from citysim.packed_tracks import HEADING_STEPS, pack, unpack


def test_unpacking_gives_back_every_row_by_time() -> None:
    draw = np.random.default_rng(11)
    who, t_s = (grid.ravel() for grid in np.meshgrid(np.arange(20), np.arange(50)))
    kept = draw.permutation(len(who))[:700]
    who, t_s = who[kept], t_s[kept]
    x_dm, y_dm = draw.integers(-20_000, 20_000, 700), draw.integers(-20_000, 20_000, 700)
    speed, heading = draw.integers(0, 3000, 700), draw.integers(0, HEADING_STEPS, 700)

    rows = unpack(pack(who, t_s, x_dm, y_dm, speed, heading))

    order = np.lexsort((who, t_s))
    assert rows["t_s"].to_pylist() == t_s[order].tolist()
    assert rows["participant"].to_pylist() == who[order].tolist()
    assert np.array_equal(np.rint(rows["x_m"].to_numpy() * 10), x_dm[order])
    assert np.array_equal(np.rint(rows["y_m"].to_numpy() * 10), y_dm[order])
    assert np.array_equal(np.rint(rows["speed_mps"].to_numpy() * 100), speed[order])
    assert np.array_equal(np.rint(rows["heading_deg"].to_numpy() * 10), heading[order])


def test_a_turn_through_north_is_stored_as_the_small_step_it_is() -> None:
    zero = np.zeros(3, dtype=np.int64)
    packed = pack(zero, np.arange(3), zero, zero, zero, np.array([3590, 10, 3595]))
    assert packed["heading_ddeg"].to_pylist() == [-10, 20, -15]
