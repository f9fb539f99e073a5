"""The `objects` section, and whether owners, readers and flows fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from crossdock.charter.charter import ObjectRule, Reader, System
from crossdock.charter.orders import HUB_OWNER
from crossdock.charter.reading import Reading
from crossdock.charter.sheet import Entry
from crossdock.charter.systems import Connectors
from crossdock.charter.values import nearest


def read_objects(reading: Reading, entry: Entry | None) -> dict[str, ObjectRule]:
    """All rules that could be read; mistakes are noted in `reading`."""
    rules: dict[str, ObjectRule] = {}
    for document, section, path in reading.named(entry, "objects"):
        values = reading.section(_of_one_owner(reading, section, path), "object", path)
        if values is None or values["owner"] is None:
            continue
        readers = _read_readers(reading, values["readers"], f"{path}.readers")
        also = tuple(dict.fromkeys(values["also"]))
        rules[document] = ObjectRule(document, values["owner"], readers, values["fields"], also)
    return rules


def _of_one_owner(reading: Reading, section: Entry, path: str) -> Entry:
    """The section with its first owner, where it names several; that is noted, and nothing that follows from it."""
    owner = section.value.get("owner") if isinstance(section.value, dict) else None
    if not isinstance(section.value, dict) or owner is None or not isinstance(owner.value, list):
        return section
    names = [str(one.value) for one in owner.value if isinstance(one.value, str)]
    if not names or len(names) < len(owner.value):
        return section
    more = f" and `also: [{', '.join(names[1:])}]`" if len(names) > 1 else ""
    reading.refuse(
        f"{path}.owner", "the owner is one system, and this is a list", f"write `owner: {names[0]}`{more}"
    )
    return replace(section, value={**section.value, "owner": owner.value[0]})


def _read_readers(reading: Reading, entry: Entry | tuple[()], path: str) -> tuple[Reader, ...]:
    readers: dict[str, Reader] = {}
    for item, place in reading.listed(entry or None, path):
        if isinstance(item.value, str):
            reader = Reader(item.value)
        else:
            values = reading.section(item, "reader", place)
            if values is None or values["system"] is None:
                continue
            reader = Reader(values["system"], values["after"])
        if reader.system in readers:
            reading.refuse(place, f"{reader.system} is named twice", "name each reader once")
        readers.setdefault(reader.system, reader)
    return tuple(readers.values())


def check_documents(
    reading: Reading, systems: Mapping[str, System], rules: Collection[str], documents: Collection[str]
) -> None:
    """Notes every kind of document that does not exist."""
    for document in rules:
        _check_document(reading, f"objects.{document}", document, documents)
    for system in systems.values():
        for name, flows in (("in", system.flows_in), ("out", system.flows_out)):
            for index, flow in enumerate(flows if system.partner is None else ()):
                _check_document(
                    reading, f"systems.{system.name}.{name}[{index}].document", flow.document, documents
                )


def _check_document(reading: Reading, path: str, document: str, documents: Collection[str]) -> None:
    if document not in documents:
        fix = nearest(document, documents, "a document")
        reading.refuse(path, f'there is no document "{document}"', fix)


def check_agreement(
    reading: Reading,
    systems: Mapping[str, System],
    rules: Mapping[str, ObjectRule],
    connectors: Connectors,
    named: Collection[str],
    own: Collection[str] = (),
) -> None:
    """Notes what does not fit together.

    `named` are all systems of the file, broken ones included; `own` are documents that the hub itself owns.
    """
    for rule in rules.values():
        path = f"objects.{rule.document}"
        _check_owner(reading, rule, path, systems, named)
        _check_readers(reading, rule, f"{path}.readers", systems, named)
        for field, owner in rule.fields.items():
            _check_system(reading, f"{path}.fields.{field}", owner, named)
    for system in systems.values():
        if not connectors[system.connector].configurable:
            continue
        for index, flow in enumerate(system.flows_in):
            if flow.document not in rules and flow.document not in own:
                reading.refuse(
                    f"systems.{system.name}.in[{index}].document",
                    f"nobody is named as owner of {flow.document}",
                    f"add `{flow.document}: {{owner: {system.name}, readers: [..]}}` to objects",
                )


def _check_system(reading: Reading, path: str, name: str, named: Collection[str]) -> bool:
    if name not in named:
        reading.refuse(path, f'there is no system "{name}"', nearest(name, named, "a system"))
        return False
    return True


def _check_owner(
    reading: Reading, rule: ObjectRule, path: str, systems: Mapping[str, System], named: Collection[str]
) -> None:
    if rule.owner == HUB_OWNER and HUB_OWNER not in named:
        return  # the hub makes it itself
    for place, name in ((f"{path}.owner", rule.owner), *((f"{path}.also", name) for name in rule.also)):
        if not _check_system(reading, place, name, named):
            continue
        owner = systems.get(name)
        if owner and rule.readers and not owner.flow_in(rule.document):
            reading.refuse(
                place,
                f"{name} owns {rule.document} but sends none",
                f"add `in: [{{document: {rule.document}, …}}]` to {name}, or name another owner",
            )


def _check_readers(
    reading: Reading, rule: ObjectRule, path: str, systems: Mapping[str, System], named: Collection[str]
) -> None:
    names = [reader.system for reader in rule.readers]
    for index, reader in enumerate(rule.readers):
        place = f"{path}[{index}]"
        if not _check_system(reading, place, reader.system, named):
            continue
        system = systems.get(reader.system)
        if system and not system.flow_out(rule.document):
            reading.refuse(
                place,
                f"{reader.system} is to get {rule.document} but has no `out` flow for it",
                f"add `out: [{{document: {rule.document}, …}}]` to {reader.system}, or take it out here",
            )
        if reader.system in rule.owners:
            reading.refuse(place, f"{reader.system} owns it and needs no copy", "take it out of the readers")
        if reader.after is not None and reader.after not in names:
            others = [name for name in names if name != reader.system]
            reading.refuse(
                place,
                f'"{reader.after}" in `after` is no reader of {rule.document}',
                nearest(reader.after, others, "a reader") or "name a reader that must have answered first",
            )
    _check_circle(reading, rule, path)


def _check_circle(reading: Reading, rule: ObjectRule, path: str) -> None:
    after = {reader.system: reader.after for reader in rule.readers}
    for index, reader in enumerate(rule.readers):
        step = reader.after
        for _ in rule.readers:
            if step is None or step == reader.system:
                break
            step = after.get(step)
        if step == reader.system:
            reading.refuse(
                f"{path}[{index}]",
                f"{reader.system} would wait for itself",
                "let one of the readers have no `after`",
            )
            return
