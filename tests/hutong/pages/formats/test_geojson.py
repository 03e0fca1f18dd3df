import json

import pytest

from hutong.pages import Garbled
from tests.hutong.pages.formats.reading import read

FEATURE = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.5, 29.5]}, "properties": {"a": 1}}


def test_the_features_are_the_records() -> None:
    body = json.dumps({"type": "FeatureCollection", "features": [FEATURE, FEATURE], "numberMatched": 2}).encode()
    assert read(body, "geojson") == [FEATURE, FEATURE]


@pytest.mark.parametrize("found", [FEATURE, [FEATURE], {"type": "FeatureCollection"}, {"features": []}])
def test_json_of_another_kind_is_garbled(found: object) -> None:
    with pytest.raises(Garbled, match="FeatureCollection"):
        read(json.dumps(found).encode(), "geojson")
