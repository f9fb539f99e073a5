"""`crossdock check`: everything that is wrong with a site, with file and line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, print_json

if TYPE_CHECKING:
    from crossdock.charter.charter import Charter
    from crossdock.charter.examples import Example
    from crossdock.faults import Misconfigured
    from crossdock.settings import Settings


def check(
    examples: Annotated[
        bool, typer.Option("--examples", help="Run the examples of the mappings too: examples/*.yaml.")
    ] = False,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Look whether every secret is there too, as the hub will.")
    ] = False,
    site: options.Site = None,
    json: options.Json = False,
) -> None:
    """Says everything that is wrong with a site, with file and line."""
    from crossdock.assembly import connector_fields
    from crossdock.charter import load
    from crossdock.kit.registry import connectors
    from crossdock.model import register

    settings = options.settings(site)
    folder = settings.site
    kinds = connector_fields(connectors(folder))
    problems = load.check(folder, connectors=kinds, documents=register.kinds())
    ran: list[Example] = []
    if examples and not problems:
        ran, problems = _run_examples(folder)
    if secrets and not problems:
        problems = _missing_secrets(settings)
    notes = [] if problems else _notes(folder)
    failed = [example for example in ran if example.differs]
    if json:
        told = {"examples": [_plain_example(one) for one in ran]} if examples else {}
        ok = not problems and not failed
        print_json({"ok": ok, "problems": [_plain(problem) for problem in problems], "notes": notes, **told})
    else:
        _tell(problems, failed)
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        if not problems and not failed:
            for line in _clocks(folder):
                print(line)
            print(_praise(folder, len(ran) if examples else None))
    if problems or failed:
        raise typer.Exit(FOUND)


def _run_examples(folder: Path) -> tuple[list[Example], list[Misconfigured]]:
    from crossdock.assembly import read_charter
    from crossdock.charter.examples import run_examples

    charter, _ = read_charter(folder)
    return run_examples(folder, charter)


def _missing_secrets(settings: Settings) -> list[Misconfigured]:
    import os

    from crossdock.assembly import read_charter
    from crossdock.faults import Misconfigured
    from crossdock.settings import secrets_from

    charter, _ = read_charter(settings.site)
    secret, problems = secrets_from(os.environ, settings.secrets_dir), list[Misconfigured]()
    for name in sorted({system.auth.secret for system in charter.systems.values() if system.auth.secret}):
        try:
            secret(name)
        except Misconfigured as missing:
            problems.append(missing)
    return problems


def _notes(folder: Path) -> list[str]:
    """What a hub starts with and is seldom meant: fields that are nowhere, objects that are another's alone."""
    from crossdock.assembly import read_charter

    charter, _ = read_charter(folder)
    return [*_strays(charter)] + [
        f"{system.name} sends {flow.document}, which objects.{flow.document} gives to {rule.owner} alone: what it"
        f" changes goes to the desk as not_owned; give it a field, or take the flow out"
        for system in charter.systems.values()
        for flow in system.flows_in
        if (rule := charter.objects.get(flow.document)) is not None
        and system.name not in rule.owners
        and system.name not in rule.fields.values()
    ]


def _strays(charter: Charter) -> Iterator[str]:
    """What a mapping writes and the model has not: the first document with it is refused."""
    from crossdock.mapping.rule import Rule
    from crossdock.model.strays import strays

    mapped = {(f.map, f.document) for system in charter.systems.values() for f in system.flows_in if f.map}
    for file, document in sorted(mapped):
        lines = Rule(charter.files[file], file=file).written_on
        for path, fix in strays(document, lines):
            yield f"{file}:{lines[path]}: {path} is no field of {document}, which is refused with it; {fix}"


def _clocks(folder: Path) -> Iterator[str]:
    """By whose clock the blackouts go, since they bear no zone themselves."""
    from crossdock.assembly import read_charter

    charter, _ = read_charter(folder)
    for system in charter.systems.values():
        if system.blackouts:
            zone, whose = system.timezone, "its own timezone"
            if zone is None:
                zone, whose = charter.site.timezone, "the site's timezone, and UTC where it names none"
            yield f"{system.name}: its blackouts are on the clock of {zone.key} ({whose})"


def _plain(problem: Misconfigured) -> dict[str, Any]:
    return {
        "file": problem.file, "line": problem.line or None, "path": problem.path or None,
        "says": problem.says, "fix": problem.fix or None,
    }  # fmt: skip


def _plain_example(example: Example) -> dict[str, Any]:
    place = {"file": example.file, "line": example.line, "mapping": example.mapping, "says": example.says}
    return place | {"ok": not example.differs, "differs": list(example.differs)}


def _tell(problems: list[Misconfigured], failed: list[Example]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    for example in failed:
        print(
            f"{example.file}:{example.line}: {example.mapping} does not hold: {example.says}", file=sys.stderr
        )
        for line in example.differs:
            print(f"    {line}", file=sys.stderr)
    if problems:
        many = "1 thing is wrong" if len(problems) == 1 else f"{len(problems)} things are wrong"
        print(
            f"\n{many}; mend {'it' if len(problems) == 1 else 'them'} before the next start", file=sys.stderr
        )
    elif failed:
        many = "1 example does not hold" if len(failed) == 1 else f"{len(failed)} examples do not hold"
        print(f"\n{many}: mend the mapping, or the example", file=sys.stderr)


def _praise(folder: Path, examples: int | None) -> str:
    from crossdock.assembly import read_charter

    charter, _ = read_charter(folder)
    flows = sum(len(system.flows_in) + len(system.flows_out) for system in charter.systems.values())
    held = "" if examples is None else f", {examples} examples hold" if examples else ", no examples yet"
    return (
        f"{folder}: all is well: {len(charter.systems)} systems, {flows} flows{held} ({charter.version[:19]})"
    )
