"""What every worker needs, imported and warmed before any is forked: units and coordinate systems take a second."""

from hutong.normalise.plan import compile_source, pseudonymiser
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from tests.chaos import worker as worker
from tests.chaos.ground import KEYS, STREAMS
from tests.conftest import ROOT

_settings = read({"HUTONG_ROOT": str(ROOT)})
_registry, _secrets = open_registry(_settings), resolver(_settings, KEYS)
for _source in (_registry.source(*stream) for stream in STREAMS):
    compile_source(_source, pseudonymiser(_source, _secrets))
