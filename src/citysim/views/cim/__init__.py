"""The city as its information model holds it: CGCS2000 metres, half a year old, with what was and what will be.

Each stream is a function from the city to all features of one collection.
"""

from citysim.views.cim.assets import roadside_asset
from citysim.views.cim.buildings import building, building_model
from citysim.views.cim.junctions import intersection
from citysim.views.cim.lanes import lane
from citysim.views.cim.parking import parking_lot
from citysim.views.cim.roads import road_segment
from citysim.views.cim.survey import epsg

__all__ = [
    "building", "building_model", "epsg", "intersection", "lane", "parking_lot", "road_segment", "roadside_asset",
]  # fmt: skip
