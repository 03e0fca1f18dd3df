"""Does every line of every mapping mean something: units that convert, projections that exist, types that can meet?

Each rule is compiled as it will be for data, and what it refuses becomes a problem of its line. Apart from the
registry's own checks, because it loads the libraries for units and projections.
"""

from __future__ import annotations

from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.rules import Context, compile_rule
from hutong.registry import Registry, Source
from hutong.registry.read import File, Problems

_NO_KEY = Pseudonymiser("none", b"")


def check_meaning(registry: Registry) -> list[str]:
    """Problems of all mappings, as `path:line: message`."""
    problems = Problems(registry.root)
    for source in registry.sources.values():
        _check(source, registry, problems)
    return problems


def _check(source: Source, registry: Registry, problems: Problems) -> None:
    file = File(registry.root / "mappings" / source.connector.platform / f"{source.name}.yaml", problems)
    for index, rows in enumerate(source.mapping.rows):
        for name, rule in rows.fields.items():
            try:
                compile_rule(rule, Context(source.datasets[rows.dataset], name, source.crosswalks, _NO_KEY))
            except ValueError as wrong:
                file.problem(f"{name}: {wrong}", "rows", index, "fields", name)
