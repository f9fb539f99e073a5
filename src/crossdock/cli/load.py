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

from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import FOUND, MISUSED, print_json, progress, stop
from crossdock.faults import Misconfigured

if TYPE_CHECKING:
    from crossdock.charter.charter import Charter
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


_Path = Annotated[Path, typer.Argument(metavar="PATH", help="A CSV, XLSX, JSON, NDJSON or XML file.")]
_System = Annotated[str, typer.Option("--system", metavar="NAME", help="The system whose word it is.")]
_Document = Annotated[
    str, typer.Option("--document", metavar="KIND", help="item, customer, stock_level, or any other kind.")
]
_Map = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="FILE",
        help="A mapping of the site, where the columns are not called as in the model.",
    ),
]
_Id = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="The column with the number of the document.")
]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="COLUMN=VALUE", help="A value for all rows that have none, such as unit=EA."
    ),
]
_Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="csv, tsv, xlsx, json, ndjson or xml.  \\[default: by the end of the name]",
    ),
]
_Encoding = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="How text is coded.  \\[default: utf-8]")
]
_Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter", metavar="SIGN", help="CSV: what stands between columns.  \\[default: the likely one]"
    ),
]
_Decimal = Annotated[
    str | None, typer.Option("--decimal", metavar="SIGN", help="Mark before decimals.  \\[default: .]")
]
_Sheet = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="XLSX: which sheet.  \\[default: the first]")
]
_Rows = Annotated[
    str | None, typer.Option("--rows", metavar="ELEMENT", help="XML: the element that is a row.")
]
_Date = Annotated[
    list[str] | None,
    typer.Option("--date", metavar="COLUMN=FORMAT", help="How a column writes dates, such as due=%d.%m.%Y."),
]
_Group = Annotated[bool, typer.Option("--group", help="Rows with one number are the lines of one document.")]
_Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Where to write the rows that do not fit, and why."),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Check every row and hand nothing in.")]


@at_a_place
def load(
    path: _Path,
    system: _System,
    document: _Document,
    map_: _Map = None,
    id_: _Id = None,
    set_: _Set = None,
    format_: _Format = None,
    encoding: _Encoding = None,
    delimiter: _Delimiter = None,
    decimal: _Decimal = None,
    sheet: _Sheet = None,
    rows: _Rows = None,
    date: _Date = None,
    group: _Group = False,
    report: _Report = None,
    dry_run: _DryRun = False,
    *,
    at: Place,
) -> None:
    """Loads a file into the hub, row by row; the same file again goes on where it stopped.

    Rows that do not fit are left out and written to a report; the others are handed in as the system's own word.
    """
    from crossdock.assembly import read_charter
    from crossdock.loading.plan import Wish, plan

    settings = at.settings()
    charter, _ = read_charter(settings.site)
    given = {"encoding": encoding, "delimiter": delimiter, "decimal": decimal, "sheet": sheet, "rows": rows}
    form: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    form |= {"dates": _pairs(date, "--date")} if date else {}
    form |= {"group": True} if group else {}
    wish = Wish(system, document, path, format_, map_, id_, _pairs(set_, "--set"), form)
    try:
        made = plan(wish, charter)
    except Misconfigured as fault:
        if fault.path.startswith("systems."):
            raise
        stop(fault.says, fix=fault.fix, status=MISUSED)
    began_s = time.perf_counter()
    tally = _loaded(made, charter, settings, None if dry_run else (at.url, at.key))
    seconds = max(time.perf_counter() - began_s, 1e-6)
    where = _reported(tally, path, report)
    _tell(made, tally, seconds, where, dry_run=dry_run, json=at.json)
    if tally.not_fitting:
        raise typer.Exit(FOUND)


def _loaded(
    made: Plan, charter: Charter, settings: Settings, hub: tuple[str | None, str | None] | None
) -> _Tally:
    """Reads the file once; `hub` None hands nothing in."""
    from crossdock.loading.parts import Parts

    tally = _Tally()
    with made.path.open("rb") as file, progress(made.path.name) as show:
        size = max(made.path.stat().st_size, 1)

        def seen(part: Part, known: bool) -> None:
            tally.add(part, known)
            show(min(part.at_bytes, size), size)

        parts = Parts(made, charter).read(file)
        if hub is not None:
            _hand_in(settings, made, parts, seen, *hub)
            return tally
        for part in parts:
            seen(part, False)
    return tally


def _reported(tally: _Tally, path: Path, report: Path | None) -> Path | None:
    """Where what does not fit was written; None when all fits."""
    from crossdock.loading.parts import write_findings

    if not tally.findings:
        return None
    where = report or path.with_name(f"{path.name}.findings.csv")
    write_findings(where, path.name, tally.findings)
    return where


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
