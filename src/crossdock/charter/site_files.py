"""The files beside the charter: read once, digested, and checked against the flows that use them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path as FilePath

from crossdock.charter.charter import FlowIn, FlowOut, System
from crossdock.charter.reading import Reading
from crossdock.charter.systems import Connectors
from crossdock.charter.values import nearest
from crossdock.faults import Misconfigured
from crossdock.mapping.crosswalk import Table, read_table, table_name
from crossdock.mapping.path import Path
from crossdock.mapping.rule import Rule

CHARTER_FILE = "charter.yaml"
FOLDERS = ("mappings", "crosswalks", "partners")
FILE_MAX_BYTES = 20_000_000
FILES_MAX = 5_000


def read_files(site: FilePath, problems: list[Misconfigured]) -> dict[str, str]:
    """The text of every file that decides what the hub does, by its name in the site."""
    found = [site / CHARTER_FILE]
    for folder in FOLDERS:
        found += sorted(path for path in (site / folder).rglob("*") if path.is_file() and _counts(path, site))
    files: dict[str, str] = {}
    for path in found[:FILES_MAX]:
        name = path.relative_to(site).as_posix()
        try:
            files[name] = _text_of(path, name, site)
        except Misconfigured as problem:
            problems.append(problem)
    if len(found) > FILES_MAX:
        problems.append(Misconfigured(f"the site has more than {FILES_MAX} files", file=str(site)))
    return files


def _text_of(path: FilePath, name: str, site: FilePath) -> str:
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            raise Misconfigured(
                "the file is too large", file=name, fix=f"keep it under {FILE_MAX_BYTES} bytes"
            )
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        fix = f"`crossdock init` writes one, or name another folder by --site (now {site})"
        raise Misconfigured("there is no such file", file=name, fix=fix) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise Misconfigured("this is not UTF-8", file=name, line=line, fix="save the file as UTF-8") from None
    except OSError as error:
        raise Misconfigured(f"the file cannot be read: {error.strerror}", file=name) from None


def _counts(path: FilePath, site: FilePath) -> bool:
    """Editors leave hidden files and copies behind that are no part of the site."""
    return not any(part.startswith(".") for part in path.relative_to(site).parts) and not path.name.endswith(
        "~"
    )


def digest(files: Mapping[str, str]) -> str:
    """The version of a charter: a digest over names and contents, in the order of names."""
    sha = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name].encode()):
            # The length stands before each part, so that no two sets of files run together.
            sha.update(len(part).to_bytes(8, "big") + part)
    return f"sha256:{sha.hexdigest()}"


def check_files(
    reading: Reading, files: Mapping[str, str], systems: Mapping[str, System], connectors: Connectors
) -> None:
    """Notes every mistake in mappings, paths and crosswalks, and in how flows use them."""
    tables = _read_tables(files, reading.problems)
    mapped: dict[str, set[tuple[str, str]]] = {}
    for system in systems.values():
        for name, flows in (("in", system.flows_in), ("out", system.flows_out)):
            for index, flow in enumerate(flows):
                path = f"systems.{system.name}.{name}[{index}]"
                _check_paths(reading, flow, path)
                rule = _read_rule(reading, flow, path, files)
                if rule:
                    _check_crosswalks(reading, rule, tables)
                    asked = mapped.setdefault(system.name, set())
                    asked.update((call.function, call.crosswalk or "") for call in rule.calls)
    _check_unused(reading, files, systems)
    for table in tables.values():
        _check_table(reading, table, systems, connectors, mapped)


def _check_paths(reading: Reading, flow: FlowIn | FlowOut, path: str) -> None:
    keys = ("id", "version", "order_by") if isinstance(flow, FlowIn) else ("their_id",)
    for key in keys:
        text = getattr(flow, key)
        if text is not None:
            place = f"{path}.{key}"
            try:
                Path(text, file=reading.file, line=reading.line(place))
            except Misconfigured as problem:
                reading.refuse(place, problem.says, problem.fix)


def _read_rule(reading: Reading, flow: FlowIn | FlowOut, path: str, files: Mapping[str, str]) -> Rule | None:
    if flow.map is None:
        return None
    if flow.map not in files:
        inside = flow.map.startswith("mappings/")
        near = nearest(flow.map, [name for name in files if name.startswith("mappings/")], "a mapping")
        fix = near or "write the mapping, or leave `map` out" if inside else "keep mappings in mappings/"
        reading.refuse(f"{path}.map", f"there is no file {flow.map}", fix)
        return None
    try:
        rule = Rule(files[flow.map], file=flow.map, optional=flow.optional)
    except Misconfigured as problem:
        # Two flows may share one broken file: it is one mistake.
        if str(problem) not in map(str, reading.problems):
            reading.problems.append(problem)
        return None
    for field in flow.optional:
        if field not in rule.paths:
            fix = nearest(field, rule.paths, "a field")
            reading.refuse(f"{path}.optional", f"{flow.map} writes no field {field}", fix)
    return rule


def _check_unused(reading: Reading, files: Mapping[str, str], systems: Mapping[str, System]) -> None:
    """A mapping that no flow uses yet must be sound as well."""
    flows = [flow for system in systems.values() for flow in (*system.flows_in, *system.flows_out)]
    for name in files.keys() - {flow.map for flow in flows}:
        if name.endswith(".jsonata"):
            try:
                Rule(files[name], file=name)
            except Misconfigured as problem:
                reading.problems.append(problem)


def _read_tables(files: Mapping[str, str], problems: list[Misconfigured]) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for name, text in files.items():
        if table_name(name):
            try:
                tables[table_name(name)] = read_table(table_name(name), text)
            except Misconfigured as problem:
                problems.append(problem)
    return tables


def _check_crosswalks(reading: Reading, rule: Rule, tables: Mapping[str, Table]) -> None:
    """A table without rows for a system is sound: people fill it as codes arrive."""
    for call in rule.calls:
        name = call.crosswalk
        if name is None or name in tables or f"crosswalks/{name}.csv" in _broken(reading):
            continue
        line = rule.text.count("\n", 0, call.start) + 1
        fix = nearest(name, tables, "a crosswalk") or f"make crosswalks/{name}.csv"
        reading.problems.append(
            Misconfigured(f"there is no crosswalk {name}", file=rule.file, line=line, fix=fix)
        )


def _broken(reading: Reading) -> frozenset[str]:
    return frozenset(problem.file for problem in reading.problems)


def _check_table(
    reading: Reading,
    table: Table,
    systems: Mapping[str, System],
    connectors: Connectors,
    mapped: Mapping[str, set[tuple[str, str]]],
) -> None:
    """Two rows for one answer are a mistake; in the direction that nobody asks they are none.

    Several codes of theirs may well mean one of ours, as long as only `$ours` is asked.
    """
    for (system, code), rows in table.clashes_ours.items():
        _refuse_rows(reading, table, f"two rows answer for {code} of {system}", rows[1].line, rows[0].line)
    for (system, code), rows in table.clashes_theirs.items():
        asked = mapped.get(system, set())
        owner = systems.get(system)
        by_code = owner is not None and not connectors[owner.connector].configurable
        if by_code or ("theirs", table.name) in asked or ("theirs", "") in asked:
            says = f"two rows answer for our {code} towards {system}"
            _refuse_rows(reading, table, says, rows[1].line, rows[0].line)


def _refuse_rows(reading: Reading, table: Table, says: str, line: int, first: int) -> None:
    reading.problems.append(
        Misconfigured(
            f"{says} (the other is line {first})", file=table.file, line=line, fix="keep one of the two"
        )
    )
