"""Where data came from and what became of it, told to a catalogue as OpenLineage events.

The stages are told of by the engine itself, with Airflow or without. Where events go is openlineage-python's own
configuration (OPENLINEAGE_URL, OPENLINEAGE_CONFIG, openlineage.yml); without any, nothing is told and nothing of it is
imported.
"""

from hutong.lineage.configured import namespace
from hutong.lineage.observe import Ended, Work, observed
from hutong.lineage.parent import Parent, under

__all__ = ["Ended", "Parent", "Work", "namespace", "observed", "under"]
