"""Scenario files read with all their mistakes, each with its file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry, read_sheet
from crossdock.charter.values import nearest
from crossdock.faults import Misconfigured
from crossdock.scenario import keys, script
from crossdock.scenario.rows import merged, rows_of
from crossdock.scenario.script import Given, Member, Scenario, Step, Tree
from crossdock.scenario.virtual import START
from crossdock.scenario.wanted import wanted_of

__all__ = ["read_file"]

_FILE_BYTES_MAX = 4_000_000


def read_file(path: Path, shown: str, problems: list[Misconfigured]) -> list[Scenario]:
    """Every run of a file; what is wrong with it goes to `problems`."""
    reading = Reading(shown, problems)
    top = _sheet(path, shown, problems)
    if top is None:
        return []
    before = len(problems)
    values = reading.section(top, keys.SCENARIO, "")
    if values is None:
        return []
    base = _base(reading, path, values["use"], problems) if values["use"] else None
    found: list[Scenario] = []
    for line, words, text in rows_of(reading, top):
        # A row's own mistakes are told once, not once for each row.
        if len(problems) > before and words:
            break
        one = _one(reading, text, base, line, words)
        if one is not None:
            found.append(one)
    return [] if len(problems) > before else found


def _sheet(path: Path, shown: str, problems: list[Misconfigured]) -> Entry | None:
    try:
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise Misconfigured("the file is too large", file=shown, fix="write several files")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        problems.append(Misconfigured("this is not UTF-8", file=shown, fix="save the file as UTF-8"))
        return None
    except (OSError, Misconfigured) as error:
        known = isinstance(error, Misconfigured)
        problems.append(error if known else Misconfigured(f"it cannot be read: {error.strerror}", file=shown))
        return None
    return read_sheet(text, shown, problems)


def _base(reading: Reading, path: Path, name: str, problems: list[Misconfigured]) -> Entry | None:
    """What the file begins with."""
    other = path.parent / name
    if not other.is_file():
        reading.refuse("use", f"there is no file {name} beside this one", "correct its name")
        return None
    found = _sheet(other, other.name, problems)
    value = found.value if found is not None else None
    return value.get("given") if isinstance(value, dict) else None


def _one(reading: Reading, text: Entry, base: Entry | None, line: int, words: str) -> Scenario | None:
    values = reading.section(text, keys.SCENARIO, "")
    if values is None or not values["scenario"]:
        return None
    given = _given(reading, merged(base, values["given"]))
    steps = list(_steps(reading, values["when"], given))
    wanted = wanted_of(reading, values["then"], given.members)
    name = f"{values['scenario']} [{words}]" if words else values["scenario"]
    return Scenario(reading.file, line, name, _start(reading, values["start"]), given, steps, wanted)


def _start(reading: Reading, text: str | None) -> datetime:
    try:
        at = datetime.fromisoformat(text) if text else START
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        reading.refuse("start", f'"{text}" is no time with a zone', "write it like 2026-11-23T09:00:00Z")
        return START
    return at


# -- given --------------------------------------------------------------------------------------------------


def _given(reading: Reading, entry: Entry | None) -> Given:
    values = reading.section(entry, keys.GIVEN, "given") or {}
    site = str(values.get("default_site") or "AMS")
    return Given(
        members=_members(reading, values.get("systems")),
        charter=_tree(reading, values, "charter"),
        items=_items(reading, values.get("items")),
        kits=_tree(reading, values, "kits"),
        stock=_stock(reading, values.get("stock"), site),
        crosswalks={name: _texts(rows) for name, rows in _tree(reading, values, "crosswalks").items()},
        default_site=site,
    )


def _tree(reading: Reading, values: Values, name: str) -> Tree:
    entry = values.get(name)
    if entry is None:
        return {}
    if not isinstance(entry.value, dict):
        reading.refuse(
            f"given.{name}", f"this must be a mapping, not {entry.kind}", "write `NAME: …` lines", entry.line
        )
        return {}
    return entry.tree()


def _texts(value: object) -> list[str]:
    return [str(one) for one in cast("list[Any]", value)] if isinstance(value, list) else [str(value)]


def _members(reading: Reading, entry: Entry | None) -> dict[str, Member]:
    if entry is None:
        return {name: Member(name, name, name) for name in ("shop", "erp", "wms", "carrier")}
    named: dict[str, Entry] = {}
    if isinstance(entry.value, list):
        for one in entry.value:
            named[str(one.value)] = one
    elif isinstance(entry.value, dict):
        named = entry.value
    found: dict[str, Member] = {}
    for name, one in named.items():
        path = f"given.systems.{name}"
        reading.place(path, (entry.keys or {}).get(name, one.line))
        section = one if isinstance(one.value, dict) else Entry({"kind": one}, one.line, {"kind": one.line})
        values = reading.section(section, keys.SYSTEM, path)
        if values is None or values["kind"] is None:
            continue
        dials: Tree = values["dials"].tree() if isinstance(values["dials"], Entry) else {}
        role = (values["as"] or name.rstrip("0123456789")) if values["kind"] == "plain" else values["kind"]
        if role not in keys.KINDS or role == "plain":
            reading.refuse(path, "a plain system plays no part yet", "add `as: shop`, erp, wms or carrier")
            continue
        found[name] = Member(name, values["kind"], role, dials)
    return found


def _items(reading: Reading, entry: Entry | None) -> dict[str, Tree]:
    if entry is None:
        return {}
    if isinstance(entry.value, list):
        return {str(one.value): _item(reading, str(one.value), None) for one in entry.value}
    return {name: _item(reading, name, one) for name, one, _ in reading.named(entry, "given.items")}


def _item(reading: Reading, sku: str, entry: Entry | None) -> Tree:
    bare = entry is None or entry.value is None
    values = reading.section(None if bare else entry, keys.ITEM, f"given.items.{sku}") or {}
    packs = values.get("packs")
    tree: Tree = {"sku": sku, "name": values.get("name") or sku, "unit": values.get("unit") or "EA"}
    if isinstance(packs, Entry):
        tree["packs"] = [{"unit": unit, "factor": size} for unit, size in packs.tree().items()]
    for name in ("lot_tracked", "weight_kg"):
        if values.get(name):
            tree[name] = _exact(values[name])
    return tree if values.get("price") is None else tree | {"price": _exact(values["price"])}


def _stock(reading: Reading, entry: Entry | None, site: str) -> list[Tree]:
    found: list[Tree] = []
    for one, path in reading.listed(entry, "given.stock"):
        if isinstance(one.value, str):
            words = one.value.split()
            if len(words) not in (2, 3) or not words[-1].replace(".", "", 1).isdigit():
                reading.refuse(path, f'"{one.value}" is no stock', "write SITE SKU QUANTITY", one.line)
                continue
            place = words[0] if len(words) == 3 else site
            found.append(
                {"site": place, "sku": words[-2], "quantity": Decimal(words[-1]), "status": "available"}
            )
            continue
        values = reading.section(one, keys.STOCK, path)
        if values is None or values["sku"] is None or values["quantity"] is None:
            continue
        row = {name: value for name, value in values.items() if value is not None}
        found.append({"site": site, **row, "quantity": _exact(values["quantity"])})
    return found


def _exact(value: object) -> object:
    return Decimal(str(value)).normalize() if isinstance(value, float) else value


# -- when ---------------------------------------------------------------------------------------------------


def _steps(reading: Reading, entry: Entry | None, given: Given) -> Iterator[Step]:
    for one, path in reading.listed(entry, "when"):
        if not isinstance(one.value, dict):
            reading.refuse(path, f"a step is a mapping, not {one.kind}", "write `- shop orders: …`", one.line)
            continue
        acts = {name: inner for name, inner in one.value.items() if name not in keys.STEP}
        rest = {name: inner for name, inner in one.value.items() if name in keys.STEP}
        values = reading.section(Entry(rest, one.line, dict.fromkeys(rest, one.line)), keys.STEP, path) or {}
        at_s = _seconds(reading, values.get("at"), path, one.line)
        if values.get("wait") is not None and not acts:
            wait_s = _seconds(reading, values["wait"], path, one.line) or 0.0
            yield Step("", "wait", {"seconds": wait_s}, one.line, at_s, True)
            continue
        if len(acts) != 1:
            says = "a step says who does what, once" if acts else "nobody does anything in this step"
            reading.refuse(path, says, "write one `ACTOR WORD: …` in each step", one.line)
            continue
        ((name, argument),) = acts.items()
        step = _step(reading, name, argument, given, path)
        if step is not None:
            yield Step(*step, one.line, at_s, bool(values.get("at_once")))


def _seconds(reading: Reading, text: object, path: str, line: int) -> float | None:
    if text is None:
        return None
    try:
        return script.seconds(text)
    except Misconfigured as fault:
        reading.refuse(path, str(fault.says), fault.fix, line)
        return None


def _step(
    reading: Reading, name: str, argument: Entry, given: Given, path: str
) -> tuple[str, str, Tree] | None:
    actor, _, word = name.partition(" ")
    actors = {**{one: member.kind for one, member in given.members.items()}, "desk": "desk", "hub": "hub"}
    if actor not in actors:
        reading.refuse(path, f'nobody is called "{actor}"', nearest(actor, actors, "who acts"), argument.line)
        return None
    verbs = {**keys.verbs_of(actors[actor]), **_of_role(given.members.get(actor))}
    verb = verbs.get(word.strip())
    if verb is None:
        says = f'{actor} cannot "{word}"' if word else f"it does not say what {actor} does"
        reading.refuse(path, says, nearest(word, verbs, f"what {actor} does"), argument.line)
        return None
    tree = _argument(reading, verb, argument, f"{path}.{name}")
    return None if tree is None else (actor, verb.word, tree)


def _of_role(member: Member | None) -> Mapping[str, keys.Verb]:
    """A plain system that plays a shop can order all the same."""
    plays = member is not None and member.kind == "plain" and member.role == "shop"
    return keys.verbs_of("shop") if plays else {}


def _argument(reading: Reading, verb: keys.Verb, entry: Entry, path: str) -> Tree | None:
    if not isinstance(entry.value, dict) or (verb.short == "dials" and "dials" not in entry.value):
        if not verb.keys:
            return {}
        if not verb.short:
            reading.refuse(
                path, f"this must be a mapping, not {entry.kind}", "write `{number: …}`", entry.line
            )
            return None
        if entry.value is None:
            return {name: key.default for name, key in verb.keys.items() if key.default is not None}
        several = verb.short == "documents" and not isinstance(entry.value, list)
        entry = Entry({verb.short: Entry([entry], entry.line) if several else entry}, entry.line)
    assert isinstance(entry.value, dict)
    free = {name: one.tree() for name, one in entry.value.items() if verb.document and name not in verb.keys}
    known = {name: one for name, one in entry.value.items() if name not in free}
    values = reading.section(
        Entry(known, entry.line, {n: one.line for n, one in known.items()}), verb.keys, path
    )
    if values is None:
        return None
    tree: dict[str, Any] = dict(free)
    for name, value in values.items():
        if value is not None:
            tree[name] = value.tree() if isinstance(value, Entry) else value
    return _with_lines(reading, tree, path, entry.line)


def _with_lines(reading: Reading, tree: Tree, path: str, line: int) -> Tree:
    """Short lines as fields."""
    holders = [tree, tree["body"]] if isinstance(tree.get("body"), dict) else [tree]
    try:
        for holder in holders:
            if "lines" in holder:
                holder["lines"] = script.lines(holder["lines"])
    except Misconfigured as fault:
        reading.refuse(path, fault.says, fault.fix, line)
    return tree
