from dataclasses import replace

import numpy as np
import pytest
import shapely

from citysim.views.city import City
from citysim.views.sensing import REACH_M, Motion, Post, coverage, is_in_sight, motion, posts


def moving(*rows: tuple[int, int, float, float, float, float]) -> Motion:
    """Rows of t_s, participant, x, y, speed, heading."""
    t_s, participant, x, y, speed, heading = (np.array(column) for column in zip(*rows, strict=True))
    has_next = np.append((participant[1:] == participant[:-1]) & (t_s[1:] == t_s[:-1] + 1), False)
    radians = np.radians(heading)
    return Motion(t_s, participant, x, y, speed * np.sin(radians), speed * np.cos(radians), speed, heading, has_next)


def test_between_seconds_a_participant_follows_its_curve() -> None:
    tracks = moving((0, 1, 0.0, 0.0, 10.0, 90.0), (1, 1, 10.0, 0.0, 10.0, 90.0))
    x, y, speed, heading = tracks.at(np.array([0, 1, 1]), np.array([0.25, -0.25, 0.0]))
    assert x == pytest.approx([2.5, 7.5, 10.0])
    assert y == pytest.approx([0, 0, 0])
    assert speed == pytest.approx([10, 10, 10])
    assert heading == pytest.approx([90, 90, 90])


def test_before_its_first_and_after_its_last_second_a_participant_goes_straight_on() -> None:
    tracks = moving((5, 1, 0.0, 0.0, 4.0, 0.0), (9, 2, 0.0, 0.0, 2.0, 180.0))
    _, y, _, _ = tracks.at(np.array([0, 0, 1]), np.array([-0.3, 0.9, -0.5]))
    assert y == pytest.approx([-1.2, 3.6, 1.0])


def test_a_heading_turns_the_short_way_through_north() -> None:
    tracks = moving((0, 1, 0.0, 0.0, 1.0, 350.0), (1, 1, 0.0, 1.0, 1.0, 10.0))
    heading = tracks.at(np.array([0]), np.array([0.5]))[3]
    assert heading[0] == pytest.approx(0.0)


def test_a_wall_hides_what_is_behind_it_and_nothing_else() -> None:
    wall = np.array([[10.0, -5.0, 10.0, 5.0]])
    post = Post("R", 1, 0.0, 0.0, 106.55, 29.56, 200.0, wall)
    x = np.array([20.0, 5.0, 20.0, -20.0])
    y = np.array([0.0, 0.0, 15.0, 0.0])
    assert is_in_sight(post, x, y).tolist() == [False, True, True, True]
    moved = replace(post, x_m=100.0, y_m=50.0, walls=wall + np.array([100.0, 50.0, 100.0, 50.0]))
    assert is_in_sight(moved, x + 100.0, y + 50.0).tolist() == [False, True, True, True]


def test_sight_is_what_a_geometry_library_says_it_is(city: City) -> None:
    rings = zip(*(city.truth.buildings.column(axis).to_pylist() for axis in ("x_m", "y_m")), strict=True)
    buildings = shapely.STRtree([shapely.Polygon(list(zip(x, y, strict=True))) for x, y in rings])
    stays, tracks = coverage(city), motion(city)
    hidden = 0
    for index, post in enumerate(posts(city)):
        rows = stays.row[stays.post == index][::37]
        x, y = tracks.x_m[rows], tracks.y_m[rows]
        lines = shapely.linestrings([[(post.x_m, post.y_m), end] for end in zip(x, y, strict=True)])
        crossed = np.unique(buildings.query(lines, predicate="crosses")[0])
        assert np.flatnonzero(~is_in_sight(post, x, y)).tolist() == crossed.tolist()
        hidden += len(crossed)
    assert hidden > 0


def test_forty_rsus_see_and_all_of_them_by_a_switch(city: City) -> None:
    assert len(posts(city)) == 40
    everywhere = replace(city, is_all_sensing=True)
    assert len(posts(everywhere)) == city.truth.rsus.num_rows


def test_everyone_covered_is_within_reach(city: City) -> None:
    stays, tracks = coverage(city), motion(city)
    xs, ys = (np.array([getattr(post, axis) for post in posts(city)]) for axis in ("x_m", "y_m"))
    distance = np.hypot(tracks.x_m[stays.row] - xs[stays.post], tracks.y_m[stays.row] - ys[stays.post])
    assert distance.max() <= REACH_M


def test_a_temporary_id_is_one_stay_of_one_participant_at_one_rsu(city: City) -> None:
    stays, tracks = coverage(city), motion(city)
    order = np.lexsort((stays.t_s, stays.temporary_id, stays.post))
    post, temporary, t_s = stays.post[order], stays.temporary_id[order], stays.t_s[order]
    participant = tracks.participant[stays.row][order]
    is_same = (post[1:] == post[:-1]) & (temporary[1:] == temporary[:-1])
    assert (participant[1:] == participant[:-1])[is_same].all()
    assert (t_s[1:] == t_s[:-1] + 1)[is_same].all()
    assert temporary.min() >= 1
    assert temporary.max() <= 65535
