"""The `systems` section: from entries to systems and their flows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.charter.charter import (
    DEFAULT_ANSWERS,
    AnswerClass,
    Answers,
    Auth,
    Find,
    FlowIn,
    FlowOut,
    Limits,
    OnChange,
    OnUnclear,
    System,
)
from crossdock.charter.fields import ConnectorFields, Option
from crossdock.charter.file_form import filed_out, has_file, read_file_form
from crossdock.charter.flow_reading import read_blackouts, read_brake, read_fits
from crossdock.charter.flow_settings import WhenClosed
from crossdock.charter.keys import Key, Type
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest
from crossdock.formats.edi.profile import Direction, Profile

Connectors = Mapping[str, ConnectorFields]

_OPTION_TYPES = {
    "string": Type.TEXT,
    "integer": Type.WHOLE,
    "number": Type.NUMBER,
    "boolean": Type.FLAG,
    "url": Type.URL,
    "list": Type.TEXTS,
}

#: What a flow may say where the connector itself knows paths and mappings.
_BUILT_IN = {
    "in": frozenset({"document", "on_change", "ignore", "every_s", "brake"}),
    "out": frozenset({"document", "on_unclear", "lengths", "charset", "fits"}),
}

#: Pause between two looks into a folder, where the flow names none.
_FILES_EVERY_S = 2.0

#: What each scheme of `auth` needs besides its type.
AUTH_NEEDS = {
    "none": (),
    "bearer": ("secret",),
    "basic": ("user", "secret"),
    "header": ("header", "secret"),
    "oauth2": ("token_url", "client_id", "secret"),
    "session": ("user", "secret"),
}


#: Headers that a request has for other reasons: a key in one of them would not arrive.
_OWN_HEADERS = frozenset(
    {"authorization", "connection", "content-length", "content-type", "cookie", "crossdock-attempt", "date", "expect",
     "host", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"}
)  # fmt: skip


#: The flow of everything that a trading partner hands in: one interchange holds documents of several kinds.
INTERCHANGE = "interchange"


def read_systems(
    reading: Reading,
    entry: Entry | None,
    connectors: Connectors,
    partners: Mapping[str, Profile] | None = None,
) -> dict[str, System]:
    """All systems that could be read; mistakes are noted in `reading`."""
    systems: dict[str, System] = {}
    for name, section, path in reading.named(entry, "systems"):
        if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii() or len(name) > 63:
            reading.refuse(path, f'"{name}" is no name for a system', "use up to 63 letters, digits, _ and -")
        system = _read_system(reading, name, section, path, connectors, partners or {})
        if system:
            systems[name] = system
    if entry is not None and entry.value == {}:
        reading.refuse("systems", "no system is connected", "describe one: `shop: {connector: http}`")
    return systems


def option_key(option: Option) -> Key:
    """A connector's own setting as a key of its system's section."""
    type_ = _OPTION_TYPES.get(option.type, Type.TEXT)
    return Key(option.name, type_, option.says, option.required, option.default, least=float("-inf"))


def _read_system(
    reading: Reading,
    name: str,
    section: Entry,
    path: str,
    connectors: Connectors,
    partners: Mapping[str, Profile],
) -> System | None:
    fields = _connector(section, connectors)
    options = [option_key(option) for option in fields.options] if fields else []
    values = reading.section(section, "system", path, options)
    if values is None:
        return None
    if fields is None:
        if values["connector"] is not None:
            fix = nearest(values["connector"], connectors, "a connector")
            reading.refuse(f"{path}.connector", f'there is no connector "{values["connector"]}"', fix)
        return None
    if fields.partnered:
        return _partnered(reading, name, values, path, fields, partners)
    system = System(
        name=name,
        connector=fields.kind,
        url=values["url"],
        timezone=values["timezone"],
        auth=_read_auth(reading, values["auth"], f"{path}.auth", fields),
        limits=_read_limits(reading, values["limits"], f"{path}.limits"),
        flows_in=_flows_in(reading, values["in"], f"{path}.in", fields),
        flows_out=_flows_out(reading, values["out"], f"{path}.out", fields),
        options={option.name: values[option.name] for option in fields.options},
        backlog_max=values["backlog_max"],
        tenant=values["tenant"],
        blackouts=read_blackouts(reading, values["blackouts"], f"{path}.blackouts"),
        when_closed=WhenClosed(values["when_closed"]),
        reports=values["reports"],
        kits=values["kits"],
    )
    called = system.flows_out or any(flow.every_s for flow in system.flows_in)
    if called and system.url is None and not _is_given(section, "url") and not fields.filed:
        reading.refuse(path, "the hub calls this system but has no address", "add `url: https://…`")
    return system


def _partnered(
    reading: Reading,
    name: str,
    values: Values,
    path: str,
    fields: ConnectorFields,
    partners: Mapping[str, Profile],
) -> System | None:
    """A trading partner: what it sends and gets stands in its profile."""
    for key in ("url", "auth", "in", "out"):
        if values[key] is not None:
            reading.refuse(f"{path}.{key}", "a trading partner's profile says this", f"leave `{key}` out")
    profile = partners.get(values["partner"] or "")
    if profile is None:
        if values["partner"] is not None:
            fix = (
                nearest(values["partner"], partners, "a partner")
                or f"write partners/{values['partner']}.yaml"
            )
            reading.refuse(f"{path}.partner", f'there is no sound profile "{values["partner"]}"', fix)
        return None
    every_s = (
        profile.carriage.settings.get("every_s") if profile.carriage.type in ("folder", "sftp") else None
    )
    taken = (INTERCHANGE, *profile.told)
    return System(
        name=name,
        connector=fields.kind,
        timezone=values["timezone"],
        limits=_read_limits(reading, values["limits"], f"{path}.limits"),
        flows_in=tuple(FlowIn(one, every_s=every_s if one == INTERCHANGE else None) for one in taken),
        flows_out=tuple(
            FlowOut(one, on_unclear=OnUnclear.RESEND)
            for one in (*profile.kinds(Direction.OUT), "acknowledgement")
        ),
        options={option.name: values[option.name] for option in fields.options},
        partner=profile,
    )


def _connector(section: Entry, connectors: Connectors) -> ConnectorFields | None:
    entry = section.value.get("connector") if isinstance(section.value, dict) else None
    return connectors.get(entry.value) if entry and isinstance(entry.value, str) else None


def _is_given(section: Entry, key: str) -> bool:
    """Whether a key stands there at all: a wrong value is one mistake, not two."""
    return isinstance(section.value, dict) and key in section.value


def _read_auth(reading: Reading, entry: Entry | None, path: str, fields: ConnectorFields) -> Auth:
    values = reading.section(entry, "auth", path)
    if values is None:
        return Auth()
    scheme: str = values["type"]
    if scheme not in fields.auth:
        reading.refuse(
            f"{path}.type",
            f"the connector {fields.kind} cannot use {scheme}",
            f"write one of {', '.join(fields.auth)}",
        )
    elif entry is not None:
        for key in AUTH_NEEDS[scheme]:
            if values[key] is None and not _is_given(entry, key):
                reading.refuse(path, f"{scheme} needs `{key}`", f"add `{key}`")
    return Auth(**values)


def _read_limits(reading: Reading, entry: Entry | None, path: str) -> Limits:
    values = reading.section(entry, "limits", path)
    return Limits(**values) if values else Limits()


def _flows_in(
    reading: Reading, entry: Entry | None, path: str, fields: ConnectorFields
) -> tuple[FlowIn, ...]:
    known = {read.document: read for read in fields.documents_in}
    if entry is None and not fields.configurable:
        return tuple(FlowIn(read.document, every_s=read.every_s) for read in known.values())
    flows: dict[str, FlowIn] = {}
    for section, place in reading.listed(entry, path):
        values = _flow_values(reading, section, "in", place, fields, list(known))
        if values is None:
            continue
        values["on_change"] = OnChange(values["on_change"])
        values["brake"] = read_brake(reading, values["brake"], f"{place}.brake", values["document"])
        values["file"] = read_file_form(reading, values["file"], f"{place}.file", incoming=True)
        has_file(reading, fields, values, place)
        if fields.filed and values["every_s"] is None:
            values["every_s"] = _FILES_EVERY_S
        if values["every_s"] is None and values["document"] in known:
            values["every_s"] = known[values["document"]].every_s
        if fields.configurable and values["id"] is None:
            reading.refuse(place, "this key is missing: id", "add `id`: the path of the document's own id")
        _keep_one(reading, flows, FlowIn(**values), place)
    return tuple(flows.values())


def _flows_out(
    reading: Reading, entry: Entry | None, path: str, fields: ConnectorFields
) -> tuple[FlowOut, ...]:
    known = {written.document: written for written in fields.documents_out}
    if entry is None and not fields.configurable:
        return tuple(FlowOut(written.document, on_unclear=written.on_unclear) for written in known.values())
    flows: dict[str, FlowOut] = {}
    for section, place in reading.listed(entry, path):
        values = _flow_values(reading, section, "out", place, fields, list(known))
        if values is None:
            continue
        unclear = OnUnclear(values["on_unclear"])
        values["file"] = read_file_form(reading, values["file"], f"{place}.file", incoming=False)
        has_file(reading, fields, values, place)
        values["fits"] = read_fits(reading, values["fits"], f"{place}.fits")
        if not fields.configurable:
            able = known[values["document"]].on_unclear if values["document"] in known else OnUnclear.PERSON
            if not _is_given(section, "on_unclear"):
                unclear = able
            elif unclear not in (able, OnUnclear.PERSON):
                reading.refuse(
                    f"{place}.on_unclear",
                    f"the connector {fields.kind} cannot settle by {unclear.value}",
                    f"write {able.value} or person",
                )
            flow = FlowOut(
                values["document"],
                on_unclear=unclear,
                lengths=values["lengths"],
                charset=values["charset"],
                fits=values["fits"],
            )
        elif fields.filed:
            flow = filed_out(reading, section, values, place)
        else:
            flow = _configured_out(reading, section, values, unclear, place)
        _keep_one(reading, flows, flow, place)
    return tuple(flows.values())


def _flow_values(
    reading: Reading, section: Entry, name: str, place: str, fields: ConnectorFields, known: list[str]
) -> Values | None:
    """The values of one flow; None when it has no document to be a flow of."""
    values = reading.section(section, name, place)
    if values is None or values["document"] is None:
        return None
    if fields.configurable:
        return values
    if values["document"] not in known:
        reading.refuse(
            f"{place}.document",
            f"the connector {fields.kind} has no {values['document']} here",
            nearest(values["document"], known, "a document") or "leave the flow out",
        )
    for key in section.value if isinstance(section.value, dict) else ():
        if key in values and key not in _BUILT_IN[name]:
            reading.refuse(
                f"{place}.{key}",
                f"the connector {fields.kind} decides this itself",
                f"leave it out; {', '.join(sorted(_BUILT_IN[name]))} may be set",
            )
    return values


def _keep_one(reading: Reading, flows: dict[str, Any], flow: FlowIn | FlowOut, place: str) -> None:
    if flow.document in flows:
        reading.refuse(place, f"there is a second flow for {flow.document}", "keep one of the two")
    flows.setdefault(flow.document, flow)


def _configured_out(
    reading: Reading, section: Entry, values: Values, unclear: OnUnclear, place: str
) -> FlowOut:
    if not _is_given(section, "send"):
        reading.refuse(place, "this key is missing: send", "add `send: {method: POST, path: /…}`")
    send = reading.section(values["send"], "send", f"{place}.send") if values["send"] else None
    header = None
    if values["idempotency"]:
        found = reading.section(values["idempotency"], "idempotency", f"{place}.idempotency")
        header = found["header"] if found else None
        if header and header.lower() in _OWN_HEADERS:
            reading.refuse(
                f"{place}.idempotency.header", f"{header} is set by HTTP itself or by our credentials",
                "write the header that the target reads its key from, such as Idempotency-Key",
            )  # fmt: skip
    elif unclear is OnUnclear.RESEND:
        reading.refuse(
            f"{place}.on_unclear",
            "resend is safe only where the target recognises a repeat",
            "add `idempotency: {header: Idempotency-Key}`, or write find or person",
        )
    find = _read_find(reading, values["find"], f"{place}.find")
    if unclear is OnUnclear.FIND and not values["find"]:
        reading.refuse(
            f"{place}.on_unclear",
            "find needs the question to ask",
            "add `find: {method: GET, path: '/…/{number}'}`",
        )
    return FlowOut(
        document=values["document"],
        method=send["method"] if send else "POST",
        path=(send["path"] if send else None) or "/",
        map=values["map"],
        their_id=values["their_id"],
        idempotency_header=header,
        on_unclear=unclear,
        find=find,
        answers=_read_answers(reading, values["answers"], f"{place}.answers"),
        optional=values["optional"],
        lengths=values["lengths"],
        charset=values["charset"],
        fits=values["fits"],
    )


def _read_find(reading: Reading, entry: Entry | None, path: str) -> Find | None:
    values = reading.section(entry, "find", path) if entry else None
    if values is None or values["path"] is None:
        return None
    if "{number}" not in values["path"]:
        reading.refuse(
            f"{path}.path", "the question names no document", "put {number} where the number belongs"
        )
    present, absent = frozenset(values["present"]), frozenset(values["absent"])
    if present & absent:
        both = ", ".join(map(str, sorted(present & absent)))
        reading.refuse(path, f"{both} means both present and absent", "keep it in one of the lists")
    return Find(values["method"], values["path"], present, absent, values["settle_s"])


def _read_answers(reading: Reading, entry: Entry | None, path: str) -> Answers:
    values = reading.section(entry, "answers", path) if entry else None
    if values is None:
        return DEFAULT_ANSWERS
    exact: dict[int, AnswerClass] = {}
    classes: dict[int, AnswerClass] = {}
    for meaning in AnswerClass:
        for status in values[meaning.value] or ():
            table, number = (exact, status) if isinstance(status, int) else (classes, int(status[0]))
            if number in table:
                reading.refuse(
                    f"{path}.{meaning.value}",
                    f"{status} is listed twice, as {table[number].value} as well",
                    "keep it in one of the lists",
                )
            table[number] = meaning
    return Answers(exact, classes)
