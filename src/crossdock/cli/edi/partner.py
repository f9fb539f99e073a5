"""`crossdock edi partner`: profiles of trading partners, guessed from their files and checked."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.edi import source
from crossdock.cli.terminal import FOUND, MISUSED, Group, complain, print_json

if TYPE_CHECKING:
    from crossdock.formats.edi.profile import Profile

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="Profiles of trading partners: guess one, check them."
)


@app.command()
def new(
    samples: Annotated[
        list[Path], typer.Argument(metavar="SAMPLE…", help="Files that the partner sent, or wants.")
    ],
    us: Annotated[str | None, typer.Option("--us", metavar="ID", help="Our id in them.")] = None,
) -> None:
    """Writes the profile that some files suggest to standard output, with a remark for each guess.

    Exit status 1 where a person must fill something in before the profile is sound.
    """
    from crossdock.charter.partner_guess import guess
    from crossdock.faults import Invalid

    source.must_be_files([str(path) for path in samples])
    try:
        found = guess({path.name: path.read_bytes() for path in samples}, us=us)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}")
        raise typer.Exit(MISUSED) from None
    except Invalid as fault:
        complain(f"{fault.path}: {fault.says}" + (f"; {fault.fix}" if fault.fix else ""))
        raise typer.Exit(FOUND) from None
    typer.echo(found.text, nl=False)
    if found.missing:
        for one in found.missing:
            complain(f"to be filled in: {one}")
        raise typer.Exit(FOUND)


@app.command()
def check(
    profiles: Annotated[
        list[Path], typer.Argument(metavar="PROFILE…", help="Files such as partners/acme.yaml.")
    ],
    json: options.Json = False,
) -> None:
    """Reads profiles, and compares them with their neighbours: every mistake with its line.

    `crossdock check` reads the whole site.
    """
    from crossdock.charter.partners import check_together, read_partner
    from crossdock.faults import Misconfigured
    from crossdock.model import register

    source.must_be_files([str(path) for path in profiles])
    problems: list[Misconfigured] = []
    read: dict[str, Profile] = {}
    for path in profiles:
        site = path.resolve().parent.parent
        files = {
            one.relative_to(site).as_posix(): ""
            for folder in ("mappings", "crosswalks")
            for one in (site / folder).rglob("*")
            if one.is_file()
        }
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            complain(f"{path}: it is not UTF-8 text", fix="give a profile as YAML")
            raise typer.Exit(MISUSED) from None
        for name in list(files):
            if name.startswith("mappings/"):
                files[name] = (site / name).read_text("utf-8-sig")
        profile = read_partner(path.stem, text, str(path), problems, register.kinds(), files)
        if profile is not None:
            read[str(path)] = profile
    check_together(_with_neighbours(read), problems)
    given = {str(path) for path in profiles}
    problems = [one for one in problems if one.file in given]
    if json:
        print_json([
            {"file": one.file, "line": one.line, "path": one.path, "says": one.says, "fix": one.fix} for one in problems
        ])  # fmt: skip
    else:
        for problem in problems:
            typer.echo(str(problem))
        if not problems:
            typer.echo(f"{len(profiles)} sound")
    raise typer.Exit(FOUND if problems else 0)


def _with_neighbours(read: dict[str, Profile]) -> dict[str, Profile]:
    """The profiles behind those that lie beside them, which are only compared with."""
    from crossdock.charter.partners import read_partner
    from crossdock.model import register

    known = {Path(name).resolve() for name in read}
    beside: dict[str, Profile] = {}
    for folder in sorted({path.parent for path in known}):
        for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
            if path in known or folder.name != "partners":
                continue
            try:
                text = path.read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError):
                continue  # it is told of when it is checked itself
            profile = read_partner(path.stem, text, str(path), [], register.kinds(), {})
            if profile is not None:
                beside[str(path)] = profile
    return beside | read


@app.command()
def number(
    system: Annotated[
        str, typer.Argument(metavar="SYSTEM", help="The partner, as the charter names its system.")
    ],
    next_: Annotated[
        int | None, typer.Option("--next", metavar="N", min=1, help="The number that is given next.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="interchange or group.  \\[default: both]")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it stays in the ledger.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Also a number that was given before.")] = False,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Tells where the control numbers of a partner stand, or lets them go on with another one.

    A partner that was served by another system before wants to see the numbers go on from there. A number that was
    given is refused, since partners reject what comes twice; --force gives it again. Numbers that are passed over are
    told in the ledger, so that an audit does not miss them.
    """
    from urllib.parse import quote

    from crossdock.cli.acting import acting
    from crossdock.cli.remote import refuse

    if next_ is not None and not reason.strip():
        complain("a reason is missing", fix="--reason TEXT: it stays in the ledger")
        raise typer.Exit(MISUSED)
    options.check_system(system, site, url)
    with acting(site, database, url, key) as hub:
        path = f"/v1/systems/{quote(system, safe='')}/numbers"
        if next_ is None:
            answer = hub.ask("GET", path)
        else:
            order: dict[str, Any] = {"next": next_, "reason": reason, "force": force}
            body = json_.dumps(order | ({"kind": kind} if kind else {})).encode()
            answer = hub.ask("POST", path, body, {"Content-Type": "application/json"})
        if answer.status >= 300:
            refuse(answer)
    if json:
        print_json(answer.tree)
        return
    for one in answer.tree["items"]:
        last = f"given or passed over up to {one['last']}" if one["last"] else "none was given yet"
        typer.echo(f"{system} {one['kind']}: {one['next']} is next, {last}")
