"""The police platform's streams, as they are scored."""

from citysim.score.streams import PLACE, Scored, shown_by
from citysim.views import traffic_safety as view

STREAMS = (
    Scored(
        stream="traffic_safety.accident",
        dataset="traffic_event",
        shown=shown_by(view.accidents),
        steps={PLACE: 1e-6 * 111_320.0, "started_at": 1.0, "observed_at": 1.0},
    ),
)
