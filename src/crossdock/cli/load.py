"""`crossdock load`: a first load of items, customers, stock levels, from a file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, MISUSED, print_json, progress, stop

if TYPE_CHECKING:
    from crossdock.cli.remote import Remote
    from crossdock.loading.parts import Finding, Part
    from crossdock.loading.plan import Plan
    from crossdock.settings import Settings

#: Findings that are kept for the report.
_FINDINGS_MAX = 100_000
_SHOWN_MAX = 5
#: How often a busy hub is asked again.
_BUSY_MAX = 600


@dataclass(slots=True)
class _Tally:
    """How far a load has come."""

    read: int = 0
    taken: int = 0
    before: int = 0
    findings: list[Finding] = field(default_factory=list["Finding"])
    not_fitting: int = 0

    def add(self, part: Part, known: bool) -> None:
        self.read += part.read
        self.before += part.good if known else 0
        self.taken += 0 if known else part.good
        self.not_fitting += len(part.findings)
        self.findings += part.findings[: max(_FINDINGS_MAX - len(self.findings), 0)]


def load(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A CSV, XLSX, JSON, NDJSON or XML file.")],
    system: Annotated[str, typer.Option("--system", metavar="NAME", help="The system whose word it is.")],
    document: Annotated[
        str,
        typer.Option("--document", metavar="KIND", help="item, customer, stock_level, or any other kind."),
    ],
    map_: Annotated[
        str | None,
        typer.Option("--map", metavar="FILE", help="A mapping of the site, for columns of their own."),
    ] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="The column of the id.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=VALUE", help="For rows that say nothing of it."),
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="Where the name tells nothing.")
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="\\[default: utf-8]")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="\\[default: the likely one]")] = None,
    decimal: Annotated[
        str | None, typer.Option("--decimal", help="Mark before decimals.  \\[default: .]")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="Of a spreadsheet.  \\[default: the first]")
    ] = None,
    rows: Annotated[str | None, typer.Option("--rows", help="XML: the element of a row.")] = None,
    date: Annotated[
        list[str] | None, typer.Option("--date", metavar="COLUMN=FORMAT", help="Such as due=%d.%m.%Y.")
    ] = None,
    group: Annotated[bool, typer.Option("--group", help="Rows of one id are one document.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Where what does not fit is written.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and hand nothing in.")] = False,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Loads a file into the hub, row by row; the same file again goes on where it stopped.

    Rows that do not fit are left out and written to a report; the others are handed in as the system's own word.
    """
    from crossdock.assembly import read_charter
    from crossdock.loading.parts import Parts, write_findings
    from crossdock.loading.plan import Wish, plan

    settings = options.settings(site, database)
    charter, _ = read_charter(settings.site)
    form: dict[str, Any] = {
        name: value
        for name, value in (
            ("encoding", encoding), ("delimiter", delimiter), ("decimal", decimal), ("sheet", sheet), ("rows", rows),
            ("dates", _pairs(date, "--date") or None), ("group", group or None),
        )
        if value is not None
    }  # fmt: skip
    wish = Wish(system, document, path, format_, map_, id_, _pairs(set_, "--set"), form)
    made = plan(wish, charter)
    tally, began_s = _Tally(), time.perf_counter()
    with path.open("rb") as file, progress(path.name) as show:
        size = max(path.stat().st_size, 1)

        def seen(part: Part, known: bool) -> None:
            tally.add(part, known)
            show(min(part.at_bytes, size), size)

        parts = Parts(made, charter).read(file)
        if dry_run:
            for part in parts:
                seen(part, False)
        else:
            _hand_in(settings, made, parts, seen, url, key)
    seconds = max(time.perf_counter() - began_s, 1e-6)
    where = None
    if tally.findings:
        where = report or path.with_name(f"{path.name}.findings.csv")
        write_findings(where, path.name, tally.findings)
    _tell(made, tally, seconds, where, dry_run=dry_run, json=json)
    if tally.not_fitting:
        raise typer.Exit(FOUND)


def _pairs(given: list[str] | None, name: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in given or ():
        column, equals, value = one.partition("=")
        if not equals or not column:
            stop(f"{name} {one!r} is no pair", fix=f"write {name} column=value", status=MISUSED)
        pairs[column] = value
    return pairs


def _hand_in(
    settings: Settings, made: Plan, parts: Iterable[Part], seen: Any, url: str | None, key: str | None
) -> None:
    from crossdock.cli import whereabouts

    if url is None and not settings.is_shared and whereabouts.running(settings) is None:
        from crossdock.loading.store import hand_in
        from crossdock.settings import secrets_from

        hand_in(settings, secrets_from(os.environ, settings.secrets_dir), made, parts, seen)
        return
    from crossdock.cli.acting import acting

    with acting(settings.site, settings.database, url, key, system=made.system) as hub:
        for part in parts:
            seen(part, _sent(hub, made, part) if part.body else False)


def _sent(hub: Remote, made: Plan, part: Part) -> bool:
    """Hands one part in; whether the hub had it before. A busy hub is asked again."""
    from crossdock.cli.remote import refuse
    from crossdock.loading.plan import CONTENT_TYPE

    path = f"/v1/systems/{quote(made.system, safe='')}/messages?document={quote(made.load.document)}"
    headers = {"Content-Type": CONTENT_TYPE, "Idempotency-Key": f"load-{made.load.digest[:40]}-{part.number}"}
    answer = hub.ask("POST", path, part.body, headers)
    for _ in range(_BUSY_MAX):
        if answer.status not in (429, 503):
            break
        time.sleep(min(float(answer.headers.get("retry-after") or 1), 10))
        answer = hub.ask("POST", path, part.body, headers)
    if answer.status != 202:
        refuse(answer)
    return answer.headers.get("crossdock-duplicate") == "true"


def _tell(
    made: Plan, tally: _Tally, seconds: float, where: Path | None, *, dry_run: bool, json: bool
) -> None:
    if json:
        print_json({
            "file": made.load.file, "system": made.system, "document": made.load.document, "rows": tally.read,
            "taken": 0 if dry_run else tally.taken, "before": tally.before, "not_fitting": tally.not_fitting,
            "report": str(where) if where else None, "rows_per_s": int(tally.read / seconds), "dry_run": dry_run,
        })  # fmt: skip
        return
    print(f"{made.load.file}: {tally.read:,} rows in {seconds:.1f} s ({tally.read / seconds:,.0f} a second)")
    if dry_run:
        print(f"{tally.taken:,} fit; nothing was handed in")
    else:
        print(
            f"{tally.taken:,} taken and safe on disk"
            + (f", {tally.before:,} were before" if tally.before else "")
        )
    if where is None:
        return
    print(f"{tally.not_fitting:,} do not fit; see {where}:", file=sys.stderr)
    for one in tally.findings[:_SHOWN_MAX]:
        print(f"  {one.says}", file=sys.stderr)
