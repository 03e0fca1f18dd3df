"""The boxes of cities: read, and asked for where gates need them."""

from pathlib import Path

import pytest

from hutong.errors import RegistryError
from hutong.registry import open_registry
from hutong.settings import read
from tests.city.copied import change, registry_copy

BOXES = "schemas/city_boxes.csv"
FIRST = "500000,105,28,110.5,32.5,"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return registry_copy(tmp_path)


def test_each_city_has_its_own_box(root: Path) -> None:
    boxes = open_registry(read({"HUTONG_ROOT": str(root)})).boxes
    assert boxes["500000"] == {"longitude": (105, 110.5), "latitude": (28, 32.5)}
    assert boxes["460200"]["latitude"][1] < boxes["320200"]["latitude"][0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            FIRST,
            "500001,105,28,110.5,32.5,",
            r"cim/connector.yaml:\d+: nothing says where 500000 lies, which gates ask",
        ),
        (FIRST, "500000,110.5,28,105,32.5,", r"city_boxes.csv:2: west lies before east"),
        (FIRST, "500000,28,105,32.5,110.5,", r"city_boxes.csv:2: west lies before east and south before north"),
        (FIRST, "500000,105 E,28,110.5,32.5,", r"city_boxes.csv:2: west, south, east and north are degrees"),
        ("\n110000,", "\n500000,", r"city_boxes.csv:3: the city '500000' stands twice"),
    ],
)
def test_a_box_that_is_missing_or_no_box_is_a_problem(root: Path, old: str, new: str, said: str) -> None:
    change(root / BOXES, old, new)
    with pytest.raises(RegistryError, match=said):
        open_registry(read({"HUTONG_ROOT": str(root)}))
