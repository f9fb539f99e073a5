"""The files in partners/: from YAML to profiles, every mistake noted with its line."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from crossdock.charter.partner_carriage import carriage, check_places
from crossdock.charter.partner_keys import PARTNER
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry, read_sheet
from crossdock.charter.values import nearest
from crossdock.faults import Fault, Invalid, Misconfigured
from crossdock.formats.edi.grammar import DocumentGrammar
from crossdock.formats.edi.overlay import overlay
from crossdock.formats.edi.profile import (
    MEANINGS,
    Answering,
    Deadline,
    Direction,
    Exchanged,
    Items,
    Marks,
    Party,
    Profile,
    Shipping,
    Standard,
)
from crossdock.formats.edifact import dictionary as edifact
from crossdock.formats.x12 import dictionary as x12
from crossdock.mapping.rule import Rule

FORMAT = 1
FOLDER = "partners/"
_LINE_ENDS = {"none": "", "lf": "\n", "crlf": "\r\n"}
#: The qualifiers of our own item number that EDIFACT partners use, the best first.
_EDIFACT_ITEMS = ("SA", "SRV", "EN", "IN", "BP")


def read_partners(
    files: Mapping[str, str], problems: list[Misconfigured], documents: Collection[str] | None
) -> dict[str, Profile]:
    """All profiles that could be read, by the name of their file; mistakes are added to `problems`."""
    found: dict[str, Profile] = {}
    for file in sorted(files):
        if file.startswith(FOLDER) and file.endswith((".yaml", ".yml")):
            name = file.removeprefix(FOLDER).rpartition(".")[0]
            profile = read_partner(name, files[file], file, problems, documents, files)
            if profile is not None:
                found[name] = profile
    check_together(found, problems)
    return found


def read_partner(
    name: str,
    text: str,
    file: str,
    problems: list[Misconfigured],
    documents: Collection[str] | None,
    files: Mapping[str, str],
) -> Profile | None:
    """One profile, as far as it could be read; None when there is none in the file."""
    entry = read_sheet(text, file, problems)
    if entry is None:
        return None
    reading = Reading(file, problems)
    values = reading.section(entry, PARTNER[""], "")
    if values is None or values["standard"] is None:
        return None
    if values["partner"] not in (FORMAT, None):
        reading.refuse("partner", f"this hub reads format {FORMAT} only", f"write `partner: {FORMAT}`")
    standard = Standard(values["standard"])
    us, them = (_party(reading, values[side], side, standard) for side in ("us", "them"))
    if (us.id, us.qualifier) == (them.id, them.qualifier) and us.id != "?":
        says = f"{them.id} is our own id too, so nobody could tell who sent what"
        reading.refuse("them.id", says, "write the id that the partner uses")
    exchanged = _documents(reading, values, standard, documents, files)
    return Profile(
        name=name,
        standard=standard,
        us=us,
        them=them,
        version=values["version"] or "",
        envelope=_envelope(reading, values["envelope"], standard),
        usage=values["usage"],
        marks=_marks(reading, values["delimiters"], standard),
        charset=values["charset"],
        wants_ta1=values["wants_ta1"],
        documents=exchanged,
        answering=_answering(reading, values["acknowledge"], standard),
        items=_items(reading, values["items"], standard),
        shipping=_shipping(reading, values["shipping"]),
        deadlines=_deadlines(reading, values["deadlines"], exchanged),
        crosswalks=_crosswalks(reading, values["crosswalks"], files),
        carriage=carriage(reading, values["transport"]),
        contact=values["contact"] or "",
        file=file,
    )


# -- who -----------------------------------------------------------------------------------------------


def _party(reading: Reading, entry: Entry | None, path: str, standard: Standard) -> Party:
    values = reading.section(entry, PARTNER["party"], path) if entry else None
    if values is None or values["id"] is None:
        return Party("?")
    id_, qualifier = values["id"], values["qualifier"]
    if standard is Standard.X12:
        qualifier = "ZZ" if qualifier is None else qualifier
        if len(id_) > 15:
            reading.refuse(
                f"{path}.id", f'"{id_}" has {len(id_)} characters', "ISA06 and ISA08 have room for 15"
            )
        if len(qualifier) != 2:
            reading.refuse(
                f"{path}.qualifier", f'"{qualifier}" is no qualifier', "write two characters: ZZ, 01, 12, 08"
            )
    elif len(id_) > 35:
        reading.refuse(f"{path}.id", f'"{id_}" has {len(id_)} characters', "UNB has room for 35")
    return Party(id_, qualifier or "", values["group"] or "")


def check_together(found: Mapping[str, Profile], problems: list[Misconfigured]) -> None:
    """What profiles of one site must not share: what comes in is told apart by its envelope, and by where it lies."""
    check_places(found, problems)
    pairs: dict[tuple[Any, ...], Profile] = {}
    for profile in found.values():
        pair = (
            profile.standard,
            profile.us.qualifier,
            profile.us.id,
            profile.them.qualifier,
            profile.them.id,
        )
        other = pairs.setdefault(pair, profile)
        if other is not profile:
            says = f"us and them are the same as in {other.file}"
            fix = "keep one profile for the pair, or use the ids that were agreed on"
            problems.append(Misconfigured(says, file=profile.file, line=1, path="them", fix=fix))


def _envelope(reading: Reading, text: str | None, standard: Standard) -> str:
    if text is None:
        return ""
    form, such = (r"00\d{3}", "00401") if standard is Standard.X12 else (r"UNO[A-KXY]:[1-4]", "UNOC:3")
    if not re.fullmatch(form, text):
        reading.refuse("envelope", f'"{text}" is no version of an envelope', f'write "{such}"')
        return ""
    return text


def _marks(reading: Reading, entry: Entry | None, standard: Standard) -> Marks:
    values = reading.section(entry, PARTNER["delimiters"], "delimiters")
    if values is None:
        return Marks()
    given: dict[str, str] = {}
    for name in ("element", "component", "terminator", "repetition"):
        mark = values[name] or ""
        if mark and (len(mark) != 1 or mark.isalnum() or mark in " .-" or not mark.isascii()):
            reading.refuse(
                f"delimiters.{name}", f'"{mark}" cannot separate anything', 'write one sign, such as "*"'
            )
            mark = ""
        if mark and mark in given.values():
            reading.refuse(f"delimiters.{name}", f'"{mark}" stands twice', "use a sign of its own for each")
        given[name] = mark
    del standard
    return Marks(**given, line_end=_LINE_ENDS[values["line_end"]])


# -- what ----------------------------------------------------------------------------------------------


def _documents(
    reading: Reading,
    values: Values,
    standard: Standard,
    documents: Collection[str] | None,
    files: Mapping[str, str],
) -> tuple[Exchanged, ...]:
    found: dict[tuple[Direction, str], Exchanged] = {}
    outgoing: dict[str, str] = {}
    for item, path in reading.listed(values["documents"], "documents"):
        section = reading.section(item, PARTNER["document"], path)
        if section is None or section["set"] is None or section["direction"] is None:
            continue
        one = _document(reading, section, path, standard, values["version"] or "", documents)
        if one is None:
            continue
        if (one.direction, one.set) in found:
            reading.refuse(f"{path}.set", f"{one.set} {one.direction} stands twice", "keep one of the two")
        if one.direction is Direction.OUT and outgoing.setdefault(one.document, one.set) != one.set:
            reading.refuse(
                f"{path}.document",
                f"{one.document} already goes out as {outgoing[one.document]}",
                "send one set for it",
            )
        _check_map(reading, one, path, files)
        found.setdefault((one.direction, one.set), one)
    return tuple(found.values())


def _document(
    reading: Reading,
    section: Values,
    path: str,
    standard: Standard,
    version: str,
    documents: Collection[str] | None,
) -> Exchanged | None:
    set_id, direction = section["set"], Direction(section["direction"])
    meaning = MEANINGS.get((direction, set_id))
    if meaning is None:
        known = [s for d, s in MEANINGS if d is direction and s.isdigit() == (standard is Standard.X12)]
        fix = f"{direction} is one of {', '.join(sorted(set(known)))}"
        reading.refuse(f"{path}.set", f"{set_id} is not exchanged this way", fix)
        return None
    if set_id.isdigit() != (standard is Standard.X12):
        reading.refuse(
            f"{path}.set", f"{set_id} is not of {standard}", "write a set of the profile's standard"
        )
        return None
    document = section["document"] or meaning
    if documents is not None and document not in documents:
        reading.refuse(
            f"{path}.document",
            f'there is no document "{document}"',
            nearest(document, documents, "a document"),
        )
    one = Exchanged(
        set=set_id,
        direction=direction,
        document=document,
        version=section["version"] or "",
        map=section["map"],
        overlay=_overlay(reading, section["overlay"], f"{path}.overlay"),
        association=section["association"] or "",
        answer_within_h=section["answer_within_h"],
        hierarchy=section["hierarchy"],
        line=reading.line(path),
    )
    _check_grammar(reading, one, path, standard, one.version or version)
    return one


def _overlay(reading: Reading, entry: Entry | None, path: str) -> Mapping[str, Any]:
    """The delta as a plain tree, with the line of each of its addresses."""
    if entry is None:
        return {}
    if not isinstance(entry.value, dict):
        reading.refuse(
            path, f"this must be a mapping, not {entry.kind}", "write `mandatory: [REF]` lines", entry.line
        )
        return {}
    for key, item in entry.value.items():
        reading.place(f"{path}.{key}", (entry.keys or {}).get(key, item.line))
        if isinstance(item.value, dict):
            for address, inner in item.value.items():
                reading.place(f"{path}.{key}.{address}", (item.keys or {}).get(address, inner.line))
        elif isinstance(item.value, list):
            for index, inner in enumerate(item.value):
                named = inner.value if isinstance(inner.value, str) else ""
                reading.place(f"{path}.{key}[{index}]", inner.line)
                reading.place(f"{path}.{key}.{named}", inner.line)
    return entry.tree()


def grammar_of(standard: Standard, set_id: str, version: str) -> DocumentGrammar:
    """The standard's grammar of a set. Raises Invalid where there is none."""
    return x12.grammar(set_id, version) if standard is Standard.X12 else edifact.grammar(set_id, version)


def _check_grammar(reading: Reading, one: Exchanged, path: str, standard: Standard, version: str) -> None:
    try:
        overlay(grammar_of(standard, one.set, version), one.overlay)
    except Invalid as fault:
        at = f"{path}.version" if one.version else "version"
        reading.refuse(at, fault.says, fault.fix)
    except Misconfigured as fault:
        # The overlay's own path (`codes.BEG01`) leads to the line.
        reading.refuse(f"{path}.overlay.{fault.path}", fault.says, fault.fix)
    else:
        if standard is Standard.X12 and one.direction is Direction.OUT and x12.has_short_dates(version):
            reading.refuse(
                f"{path}.version" if one.version else "version",
                f"{one.set} is not written in {version}, whose dates have six digits",
                "agree on 004010 or later for what goes out",
            )


def _check_map(reading: Reading, one: Exchanged, path: str, files: Mapping[str, str]) -> None:
    if one.map is None:
        return
    if one.map not in files:
        near = nearest(one.map, [name for name in files if name.startswith("mappings/")], "a mapping")
        reading.refuse(
            f"{path}.map", f"there is no file {one.map}", near or "write the mapping, or leave `map` out"
        )
        return
    try:
        Rule(files[one.map], file=one.map)
    except Fault as fault:
        if isinstance(fault, Misconfigured) and str(fault) not in map(str, reading.problems):
            reading.problems.append(fault)


# -- how -----------------------------------------------------------------------------------------------


def _answering(reading: Reading, entry: Entry | None, standard: Standard) -> Answering:
    values = reading.section(entry, PARTNER["acknowledge"], "acknowledge")
    if values is None:
        return Answering()
    usual = "997" if standard is Standard.X12 else "CONTRL"
    form = values.pop("form") or usual
    if form != "none" and (form == "CONTRL") != (standard is Standard.EDIFACT):
        reading.refuse("acknowledge.form", f"{form} is not of {standard}", f"write {usual}")
        form = usual
    return Answering(form=form, **values)


def _items(reading: Reading, entry: Entry | None, standard: Standard) -> Items:
    values = reading.section(entry, PARTNER["items"], "items")
    usual = Items().qualifiers if standard is Standard.X12 else _EDIFACT_ITEMS
    return Items(tuple(values["qualifiers"] or usual), values["crosswalk"]) if values else Items(usual)


def _shipping(reading: Reading, entry: Entry | None) -> Shipping:
    values = reading.section(entry, PARTNER["shipping"], "shipping")
    if values is None:
        return Shipping()
    prefix, extension = values["sscc_prefix"] or "", values["sscc_extension"]
    if prefix and not (prefix.isascii() and prefix.isdigit() and 6 <= len(prefix) <= 12):
        reading.refuse(
            "shipping.sscc_prefix",
            f'"{prefix}" is no GS1 company prefix',
            "write its 6 to 12 digits in quotes",
        )
        prefix = ""
    if not (len(extension) == 1 and extension.isascii() and extension.isdigit()):
        reading.refuse("shipping.sscc_extension", f'"{extension}" is no digit', 'write "0"')
    values["sscc_prefix"] = prefix
    return Shipping(**values)


def _deadlines(
    reading: Reading, entry: Entry | tuple[()], exchanged: tuple[Exchanged, ...]
) -> tuple[Deadline, ...]:
    found: list[Deadline] = []
    sets = [one.set for one in exchanged if one.direction is Direction.OUT]
    for item, path in reading.listed(entry or None, "deadlines"):
        values = reading.section(item, PARTNER["deadline"], path)
        if values is None or None in values.values():
            continue
        if values["set"] not in sets:
            reading.refuse(
                f"{path}.set",
                f"{values['set']} is not sent to this partner",
                nearest(values["set"], sets, "a set"),
            )
        found.append(Deadline(**values))
    return tuple(found)


def _crosswalks(reading: Reading, tables: Mapping[str, str], files: Mapping[str, str]) -> Mapping[str, str]:
    known = ("ship_method", "carrier", "unit", "reason", "status", "site")
    for name, table in tables.items():
        if name not in known:
            reading.refuse(f"crosswalks.{name}", "nothing is looked up under this name", nearest(name, known))
        elif f"crosswalks/{table}.csv" not in files:
            there = [one[11:-4] for one in files if one.startswith("crosswalks/")]
            fix = nearest(table, there, "a crosswalk") or f"make crosswalks/{table}.csv"
            reading.refuse(f"crosswalks.{name}", f"there is no crosswalk {table}", fix)
    return tables
