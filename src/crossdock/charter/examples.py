"""Examples beside a site's mappings: what comes in, what must come out, and how the two differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from crossdock.charter.charter import Charter
from crossdock.charter.keys import EXAMPLE
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry, read_sheet
from crossdock.charter.values import nearest
from crossdock.faults import Fault, Invalid, Misconfigured
from crossdock.mapping.crosswalk import Codes, Crosswalks
from crossdock.mapping.rule import Convert, Rule

FOLDER = "examples"


@dataclass(frozen=True, slots=True)
class Example:
    """One example that was run; `differs` holds a line for each difference, none when it holds."""

    file: str
    line: int
    says: str
    mapping: str
    differs: tuple[str, ...]


def run_examples(site_dir: Path, charter: Charter) -> tuple[list[Example], list[Misconfigured]]:
    """Runs every example of a site: those that could be run, and what is wrong with the others' files."""
    tables = Crosswalks.read(charter.files)
    ran: list[Example] = []
    problems: list[Misconfigured] = []
    for path in sorted((site_dir / FOLDER).glob("*.yaml")):
        file = path.relative_to(site_dir).as_posix()
        reading = Reading(file, problems)
        try:
            entry = read_sheet(path.read_text("utf-8-sig"), file, problems)
        except UnicodeDecodeError:
            reading.refuse("", "this is not UTF-8", "save the file as UTF-8")
            continue
        ran += [
            example
            for item, place in reading.listed(entry, "")
            for example in _run(reading, item, place, charter, tables)
        ]
    return ran, problems


def _run(
    reading: Reading, item: Entry, place: str, charter: Charter, tables: Crosswalks
) -> Iterator[Example]:
    values = reading.section(item, EXAMPLE, place)
    if values is None or not values["mapping"]:
        return
    found = _flow(reading, values, place, charter)
    if found is None:
        return
    system, optional = found
    file: str = values["mapping"]
    try:
        rule = Rule(charter.files[file], file=file, optional=optional)
    except Misconfigured as problem:
        reading.problems.append(problem)
        return
    given, expect = values["given"], values["expect"]
    if given is None or (expect is None) == (values["fails"] is None):
        reading.refuse(place, "an example has `given`, and either `expect` or `fails`", "give one of the two")
        return
    codes = Codes(system, lambda: tables)
    made: Any = None
    fault: Fault | None = None
    try:
        made = rule.run(
            given.tree(),
            ours=codes.ours,
            theirs=codes.theirs,
            convert=_by_packs(_packs(reading, values["packs"], f"{place}.packs")),
            now_s=_seconds(reading, values["now"], place),
            seed=0,
        )
    except Fault as refused:
        fault = refused
    wanted = expect.tree() if expect else None
    yield Example(
        reading.file, item.line, values["says"] or file, file, tuple(_verdict(made, fault, wanted, values))
    )


def _flow(reading: Reading, values: Values, place: str, charter: Charter) -> tuple[str, Sequence[str]] | None:
    """The system whose flow runs the mapping, and what may come out undefined there."""
    file, system = values["mapping"], values["system"]
    flows = [
        (name, flow.optional)
        for name, one in charter.systems.items()
        for flow in (*one.flows_in, *one.flows_out)
        if flow.map == file and system in (None, name)
    ]
    if not flows:
        maps = [name for name in charter.files if name.startswith("mappings/")]
        fix = (
            nearest(file, maps, "a mapping")
            if file not in maps
            else "name the `map` of a flow of this system"
        )
        reading.refuse(f"{place}.mapping", f"no flow{f' of {system}' if system else ''} runs {file}", fix)
        return None
    if len({name for name, _ in flows}) > 1:
        names = ", ".join(name for name, _ in flows)
        reading.refuse(place, f"several systems run {file}", f"add `system:` with one of {names}")
        return None
    return flows[0]


def _seconds(reading: Reading, text: str | None, place: str) -> float:
    try:
        at = datetime.fromisoformat(text) if text else datetime.fromtimestamp(0, UTC)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        reading.refuse(
            f"{place}.now", f'"{text}" is no time with a zone', "write it like 2026-11-22T10:00:00Z"
        )
        return 0.0
    return at.timestamp()


Packs = Mapping[str, Mapping[str, Decimal]]


def _packs(reading: Reading, entry: Entry | None, path: str) -> Packs:
    """Sku to unit to how many of the smallest unit."""
    packs: dict[str, dict[str, Decimal]] = {}
    for sku, units, place in reading.named(entry, path):
        packs[sku] = {}
        for unit, pieces, where in reading.named(units, place):
            if (
                isinstance(pieces.value, bool)
                or not isinstance(pieces.value, int | Decimal)
                or pieces.value <= 0
            ):
                reading.refuse(
                    where, "this must be a number above 0", "write how many of the smallest unit it holds"
                )
            else:
                packs[sku][unit] = Decimal(pieces.value)
    return packs


def _by_packs(packs: Packs) -> Convert:
    """Conversion by an example's own packs; a unit without one is the smallest."""

    def convert(quantity: Decimal, from_unit: str, to_unit: str, sku: str) -> Decimal:
        if sku not in packs:
            raise Invalid(
                f"the example has no packs of {sku}", value=sku, fix="add them", type="unknown_unit"
            )
        return quantity * packs[sku].get(from_unit, Decimal(1)) / packs[sku].get(to_unit, Decimal(1))

    return convert


def _verdict(made: Any, fault: Fault | None, expect: Any, values: Values) -> list[str]:
    fails = values["fails"]
    if fault is None:
        return (
            [f"it should fail with {fails}, but made {_shown(made)}"]
            if fails
            else list(differences(expect, made))
        )
    if fails != fault.type:
        expected = f"with {fails}" if fails else "not at all"
        return [f"it fails with {fault.type} at {fault.path or '?'}, it should fail {expected}: {fault.says}"]
    if values["path"] not in (None, fault.path):
        return [f"it fails at {fault.path or '?'}, it should fail at {values['path']}"]
    return []


def differences(expect: Any, made: Any, path: str = "") -> Iterator[str]:
    """A line for each place where two trees differ; numbers compare by value."""
    if isinstance(expect, dict) and isinstance(made, dict):
        ours, theirs = cast(dict[str, Any], expect), cast(dict[str, Any], made)
        for key in dict.fromkeys((*ours, *theirs)):
            place = f"{path}.{key}" if path else key
            if key not in theirs:
                yield f"{place}: expected {_shown(ours[key])}, made nothing"
            elif key not in ours:
                yield f"{place}: expected nothing, made {_shown(theirs[key])}"
            else:
                yield from differences(ours[key], theirs[key], place)
    elif isinstance(expect, list) and isinstance(made, list):
        left, right = cast(list[Any], expect), cast(list[Any], made)
        for index, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
        if len(left) != len(right):
            yield f"{path}: expected {len(left)} entries, made {len(right)}"
    elif isinstance(expect, bool) != isinstance(made, bool) or expect != made:
        yield f"{path or 'the result'}: expected {_shown(expect)}, made {_shown(made)}"


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else "null" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
