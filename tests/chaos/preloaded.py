"""What every worker needs, imported and warmed before any is forked: units and coordinate systems take a second.

Nothing here may run polars: whoever is forked beside its threads has none of them, and waits for them for ever.
"""

from hutong.normalise.crs import to_wgs84
from hutong.schema.units import factor
from tests.chaos import worker as worker

factor("km/h", "m/s")
to_wgs84("EPSG:4545", "east_north")
