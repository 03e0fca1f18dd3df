"""What SUMO logs of signals, as lights of groups in the time of the tracks."""

from pathlib import Path

from citysim.record.lights import STEP_S, Light, read
from citysim.record.network import Movement

LOG = """<tlsStates>
  <tlsState time="0.00" id="J1" programID="0" phase="0" state="Gr"/>
  <tlsState time="590.00" id="J1" programID="0" phase="1" state="yr"/>
  <tlsState time="610.00" id="J1" programID="0" phase="2" state="rG"/>
  <tlsState time="630.00" id="J1" programID="0" phase="3" state="rg"/>
  <tlsState time="900.00" id="J1" programID="0" phase="0" state="Gr"/>
</tlsStates>"""


def _movement(link: int | None, group: int | None) -> Movement:
    return Movement("J1", "E1", 1, "E2", 1, "straight", link, group)


def test_lights_begin_with_the_one_that_burns_at_the_start_and_end_open(tmp_path: Path) -> None:
    (tmp_path / "lights.xml").write_text(LOG)
    shown = read(tmp_path / "lights.xml", [_movement(0, 1), _movement(1, 2), _movement(None, None)], 600, 300)
    assert [one for one in shown if one.signal_group == 1] == [
        Light("J1", 1, 0.0, "yellow", 10 - STEP_S),
        Light("J1", 1, 10 - STEP_S, "red", 300 - STEP_S),
        Light("J1", 1, 300 - STEP_S, "protected_green", None),
    ]
    assert [one.light for one in shown if one.signal_group == 2] == [
        "red", "protected_green", "permissive_green", "red",
    ]  # fmt: skip


def test_a_switch_that_leaves_a_group_as_it_was_makes_no_new_light(tmp_path: Path) -> None:
    (tmp_path / "lights.xml").write_text(LOG)
    shown = read(tmp_path / "lights.xml", [_movement(0, 1)], 600, 300)
    assert len(shown) == 3
