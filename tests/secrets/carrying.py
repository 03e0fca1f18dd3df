"""Run by test_sentinels.py in a process of its own: sync every stream of the root, telling everything to stderr, and
the figures of the lake to a file beside it.
"""

from __future__ import annotations

import logging
from pathlib import Path

from hutong import log, settings
from hutong.metrics import exposition
from hutong.pipeline import allowance, land_new, publish_waiting
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.store.paths import open_store

log.to_stderr(logging.DEBUG)
now = settings.read()
secrets = resolver(now)
registry, store = open_registry(now), open_store(now, secrets)
for source in registry.sources.values():
    for sequence in source.sequences:
        landed = land_new(source, sequence, store, secrets, allowance(source, sequence.city, registry, store, now))
        published = list(publish_waiting(source, sequence, registry, store, secrets))
        print(landed.to_dict(), [one.to_dict() for one in published])
Path(now.lake).with_name("figures.prom").write_bytes(exposition(registry, store, now))
