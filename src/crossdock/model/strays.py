"""Fields that a tree would have and the model has not, told from their paths alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crossdock.model.document import Part
from crossdock.model.refusal import no_field, parts_in
from crossdock.model.register import kinds


def strays(kind: str, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those of the paths (without indexes) that lead to no field of a kind, each with what to do instead.

    What stands below a stray is not told again, and below a field that takes anything all is well.
    """
    for path in sorted(paths):
        *way, name = path.split(".")
        owners: list[type[Part]] = [kinds()[kind]]
        for step in way:
            fields = [owner.model_fields[step] for owner in owners if step in owner.model_fields]
            owners = [part for field in fields for part in parts_in(field.annotation)]
        if owners and name != "*" and not any(name in owner.model_fields for owner in owners):
            yield path, no_field(owners[0], name)
