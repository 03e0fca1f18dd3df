"""The transport platform's streams, as they are scored."""

from citysim.score.streams import PLACE, Scored, shown_by
from citysim.views import transport_info as view

STREAMS = (
    Scored(
        stream="transport_info.section_flow",
        dataset="traffic_flow",
        shown=shown_by(view.flow),
        steps={"speed_mps": 0.1 / 3.6, "occupancy": 0.001, "tpi": 0.1},
    ),
    Scored(
        stream="transport_info.section_flow",
        dataset="road_segment",
        shown=shown_by(view.flow),
        steps={PLACE: 1e-6 * 111_320.0, "heading_deg": 1.0, "length_m": 1.0, "free_speed_mps": 0.1 / 3.6},
        is_latest=True,
    ),
)
