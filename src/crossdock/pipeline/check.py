"""What must hold before a message is routed: known items and units, ownership. Pure but for what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from crossdock.charter.charter import Charter, ItemCheck
from crossdock.faults import Invalid, NotOwned, Waits
from crossdock.kit.connector import Read, Tree
from crossdock.message.records import Message
from crossdock.model import register
from crossdock.model.codes.units import UNITS
from crossdock.model.document import Document, DocumentClass
from crossdock.pipeline.knowledge import ACKNOWLEDGED, Knowledge


def items(document: Document, charter: Charter, known: Knowledge) -> tuple[list[Read], list[str]]:
    """Every line names an item and a unit that the item master has.

    Gives what was read and, where the charter only warns, what is missing. Raises Invalid of type
    unknown_sku or unknown_unit, and Waits
    for a state of an item that may still be on its way.
    """
    if charter.checks.item_known is ItemCheck.SKIP:
        # A unit that is not the hub's own passed because its item declares it.
        declared = {part.sku for _, part in document.measured() if part.unit not in UNITS}
        return [
            Read(f"item {sku}", item.version) for sku in sorted(declared) if (item := known.item(sku))
        ], []
    reads: list[Read] = []
    warnings: list[str] = []
    for path, sku, unit in register.skus_of(document):
        try:
            reads.append(_item(path, sku, unit, known))
        except Invalid as fault:
            if charter.checks.item_known is ItemCheck.REFUSE:
                if fault.type == "unknown_sku" and document.document_class is DocumentClass.STATE:
                    raise _before_its_item(document.kind, sku) from None
                raise
            warnings.append(fault.says)
    return reads, warnings


def predecessor(message: Message, parent: tuple[str, str] | None, charter: Charter, known: Knowledge) -> None:
    """A document that belongs to another waits until that one is known. Raises Waits."""
    if parent is None or message.root != message.hub or parent[0] not in charter.objects:
        return
    if known.parent(message.system, parent) is None:
        raise Waits(
            f"{message.document} {message.number} came before its {parent[0]} {parent[1]}",
            kind=parent[0],
            number=parent[1],
            fix=f"send {parent[0]} {parent[1]}, or resolve with a reason",
        )


def _before_its_item(kind: str, sku: str) -> Waits:
    """A level told before its item holds nobody up, and systems that start together tell them in any order."""
    return Waits(
        f"{kind} of {sku} came before its item", kind="item", number=sku,
        fix="send the item, or correct the SKU, then retry",
    )  # fmt: skip


def _item(path: str, sku: str, unit: str | None, known: Knowledge) -> Read:
    item = known.item(sku)
    if item is None:
        raise Invalid(
            f"the item master does not know {sku}",
            path=path,
            value=sku,
            fix="send the item, or correct the SKU, then retry",
            type="unknown_sku",
        )
    if unit is not None and unit not in item.units:
        units = ", ".join(sorted(item.units))
        raise Invalid(
            f"{sku} is counted in {units}, not in {unit}",
            path=f"{path.removesuffix('sku')}unit",
            value=f"{sku} {unit}",
            fix=f"add the pack {unit} to item {sku}, or correct the unit, then retry",
            type="unknown_unit",
        )
    return Read(f"item {sku}", item.version)


def ownership(message: Message, charter: Charter, known: Knowledge) -> bool:
    """Whether this is news: False for the echo of our own write. Raises NotOwned.

    A system that does not own the object may repeat what it was sent, and may change the fields
    that the charter gives it; judged on what differs from its own last word.
    """
    rule = charter.objects.get(message.document)
    if rule is None or message.system in rule.owners:
        return _owned_by_others(message, charter, known)
    last = known.last_told(message.hub, message.system)
    before = last[1].tree if last else {}
    changed = sorted(set(changes(before, message.tree)))
    if not changed and last is not None:
        return last[0] != ACKNOWLEDGED
    for path in changed:
        owner = _owner(path, rule.fields, rule.owner)
        if owner != message.system:
            raise NotOwned(
                f"{message.system} changed {path} of {message.document} {message.number}; it belongs to {owner}",
                path=path,
                fix=f"let {owner} make the change, or give {message.system} the field in charter.yaml",
            )
    return True


def _owned_by_others(message: Message, charter: Charter, known: Knowledge) -> bool:
    """The owner itself may not write the fields that the charter gives to others."""
    rule = charter.objects.get(message.document)
    if rule is None or not rule.fields:
        return True
    last = known.last_told(message.hub, message.system)
    if last is None:
        return True
    for path in changes(last[1].tree, message.tree):
        owner = _owner(path, rule.fields, message.system)
        if owner != message.system:
            raise NotOwned(
                f"{message.system} changed {path} of {message.document} {message.number}; it belongs to {owner}",
                path=path,
                fix=f"let {owner} make the change, or take the field out of objects.{message.document}.fields",
            )
    return True


def _owner(path: str, fields: Any, default: str) -> str:
    """The owner of a path: the longest field of the charter that contains it, else the object's owner."""
    plain = "".join(part.split("]", 1)[-1] if "]" in part else part for part in path.split("["))
    while plain:
        if plain in fields:
            return fields[plain]
        plain = plain.rpartition(".")[0]
    return default


def changes(before: object, after: object, path: str = "") -> Iterator[str]:
    """Paths whose values differ; a field that is absent after is not a change (the sender said nothing of it)."""
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast(Tree, before), cast(Tree, after)
        for name, value in new.items():
            yield from changes(old.get(name), value, f"{path}.{name}" if path else name)
        return
    if isinstance(before, list) and isinstance(after, list):
        ones, others = cast(list[object], before), cast(list[object], after)
        if len(ones) == len(others):
            for index, (one, other) in enumerate(zip(ones, others, strict=True)):
                yield from changes(one, other, f"{path}[{index}]")
            return
    if before != after:
        yield path
