from random import Random

import numpy as np

from citysim.draws import Draws, keys_of


def test_a_draw_depends_on_its_names_and_not_on_what_was_drawn_before() -> None:
    together = Draws(7, "a").uniform("x", np.arange(100))
    alone = [Draws(7, "a").one("x", number) for number in range(100)]
    assert together.tolist() == alone


def test_a_single_draw_is_the_one_of_an_array_to_the_last_bit() -> None:
    draws = Draws(7, "a")
    for keys in ((), (3,), (-3,), ("R1",), ("R1", 2**64 + 5), (np.int64(-3), "R1")):
        assert draws.one("x", *keys) == draws.uniform("x", *keys)[0]
        assert draws.sequence("x", *keys).random() == Random(int(draws.bits("x", *keys)[0])).random()
    assert [draws.one_normal("x", number) for number in range(10_000)] == draws.normal("x", np.arange(10_000)).tolist()


def test_another_seed_name_or_key_gives_another_draw() -> None:
    drawn = {
        Draws(7, "a").one("x", 1),
        Draws(8, "a").one("x", 1),
        Draws(7, "b").one("x", 1),
        Draws(7, "a").one("y", 1),
        Draws(7, "a").one("x", 2),
        Draws(7, "a").one("x", "1"),
    }
    assert len(drawn) == 6


def test_uniform_draws_fill_the_unit_interval_evenly() -> None:
    drawn = Draws(1).uniform("x", np.arange(100_000))
    counts = np.histogram(drawn, bins=20, range=(0, 1))[0]
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.abs(counts - 5000).max() < 400


def test_normal_draws_have_mean_0_and_sigma_1_and_no_order() -> None:
    drawn = Draws(1).normal("x", np.arange(100_000))
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1) < 0.02
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02


def test_names_give_distinct_keys() -> None:
    assert len(set(keys_of(f"R{number}" for number in range(1000)).tolist())) == 1000
