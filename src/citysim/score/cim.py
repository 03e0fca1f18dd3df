"""The city information model's streams, as they are scored."""

from citysim.score.streams import PLACE, Scored, shown_by
from citysim.views import cim as view

STREAMS = (
    Scored(
        stream="cim.road_segment",
        dataset="road_segment",
        shown=shown_by(view.road_segment),
        steps={PLACE: 0.01, "height_m": 0.1, "length_m": 0.1, "design_speed_mps": 1 / 3.6},
        is_latest=True,
    ),
    Scored(
        stream="cim.junction",
        dataset="junction",
        shown=shown_by(view.intersection),
        steps={PLACE: 0.01, "height_m": 0.1},
        is_latest=True,
    ),
)
