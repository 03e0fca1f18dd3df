"""The quarantine as a work queue: what waits and why, one record with all that is known of it, and repairs for it.

`redo` runs the queue again and takes records out of it for good.
"""

from hutong.quarantine.look import Chosen, Group, Refusal, listing, summary
from hutong.quarantine.one import RecordId, Shown, places_of, show_record
from hutong.quarantine.repair import Tried, try_repair, write_repair

__all__ = [
    "Chosen",
    "Group",
    "RecordId",
    "Refusal",
    "Shown",
    "Tried",
    "listing",
    "places_of",
    "show_record",
    "summary",
    "try_repair",
    "write_repair",
]
