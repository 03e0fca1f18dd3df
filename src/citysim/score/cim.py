"""The city information model's streams, as they are scored."""

from citysim.score.streams import PLACE, Scored, shown_by
from citysim.views import cim as view

CENTIMETRE, TENTH = 0.01, 0.1
HEIGHT = {"height_m": TENTH}
"""Heights of the ground, in tenths of a metre in every collection."""

STREAMS = (
    Scored(
        stream="cim.road_segment",
        dataset="road_segment",
        shown=shown_by(view.road_segment),
        steps={PLACE: CENTIMETRE, **HEIGHT, "length_m": TENTH, "design_speed_mps": 1 / 3.6},
        is_latest=True,
    ),
    Scored(
        stream="cim.junction",
        dataset="junction",
        shown=shown_by(view.intersection),
        steps={PLACE: CENTIMETRE, **HEIGHT},
        is_latest=True,
    ),
    Scored(
        stream="cim.building",
        dataset="building",
        shown=shown_by(view.building),
        steps={PLACE: CENTIMETRE, **HEIGHT, "height_above_ground_m": TENTH},
        is_latest=True,
    ),
    Scored(
        stream="cim.building_model",
        dataset="building",
        shown=shown_by(view.building_model),
        steps={PLACE: 0.001, **HEIGHT, "height_above_ground_m": TENTH},
        is_latest=True,
    ),
    Scored(
        stream="cim.lane",
        dataset="lane",
        shown=shown_by(view.lane),
        steps={PLACE: CENTIMETRE, "width_m": CENTIMETRE},
        is_latest=True,
    ),
    Scored(
        stream="cim.parking_lot",
        dataset="parking_facility",
        shown=shown_by(view.parking_lot),
        steps={PLACE: CENTIMETRE},
        is_latest=True,
    ),
    Scored(
        stream="cim.roadside_asset",
        dataset="roadside_facility",
        shown=shown_by(view.roadside_asset),
        steps={PLACE: CENTIMETRE, **HEIGHT},
        is_latest=True,
    ),
)
