"""`crossdock people`: who may sign in to the console, and as what."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from crossdock.access.roles import Role
from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import Group, print_json

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="People who may sign in to the console, and what each may do."
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="What they sign in with, such as their e-mail.")]
Systems = Annotated[
    list[str] | None,
    typer.Option(
        "--system", metavar="NAME", help="Only this system; give it once for each.  \\[default: all]"
    ),
]
Sites = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="SITE", help="Only at this site; give it once for each.  \\[default: all]"),
]


@app.command()
@at_a_place
def add(
    name: Name,
    role: Annotated[Role, typer.Option("--role", help="What they are here for.")] = Role.VIEWER,
    shown: Annotated[str, typer.Option("--shown", metavar="TEXT", help="What others call them.")] = "",
    systems: Systems = None,
    sites: Sites = None,
    *,
    at: Place,
) -> None:
    """Makes an account and prints a password for the first sign-in, once.

    Whoever signs in with it chooses a password of their own at once.
    """
    body = {"role": role.value, "shown": shown, "systems": systems or [], "sites": sites or []}
    _done(_act(name, "add", body, at), json=at.json)


@app.command("list")
@at_a_place
def list_(
    at: Place,
) -> None:
    """Lists the accounts: role, reach, and whether they may sign in now."""
    found = _listed(at)
    if at.json:
        print_json({"people": found})
        return
    if not found:
        print("there are no accounts yet: crossdock people add NAME --role admin")
        return
    print(f"{'name':<32}{'role':<12}{'systems':<24}now")
    for one in found:
        print(f"{one['name']:<32}{one['role']:<12}{', '.join(one['systems']) or 'all':<24}{_now(one)}")


@app.command()
@at_a_place
def role(
    name: Name,
    role: Annotated[Role | None, typer.Option("--role", help="Their new role.")] = None,
    systems: Systems = None,
    sites: Sites = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Every system and every site from now on.")
    ] = False,
    *,
    at: Place,
) -> None:
    """Changes what somebody may do, or how far; their sessions end, and they sign in again."""
    body: dict[str, Any] = {"systems": [], "sites": []} if everywhere else {}
    given = {"role": role.value if role else None, "systems": systems or None, "sites": sites or None}
    body |= {name: value for name, value in given.items() if value is not None}
    _done(_act(name, "role", body, at), json=at.json)


@app.command()
@at_a_place
def disable(
    name: Name,
    at: Place,
) -> None:
    """Ends somebody's sessions and lets them in no more; what they did stays in the ledger."""
    _done(_act(name, "disable", {}, at), json=at.json)


@app.command()
@at_a_place
def enable(
    name: Name,
    at: Place,
) -> None:
    """Lets somebody in again who was disabled."""
    _done(_act(name, "enable", {}, at), json=at.json)


@app.command()
@at_a_place
def reset(
    name: Name,
    at: Place,
) -> None:
    """Gives somebody a new one-time password and takes their authenticator away."""
    _done(_act(name, "reset", {}, at), json=at.json)


# -- where it is done ------------------------------------------------------------


def _act(name: str, act: str, body: dict[str, Any], at: Place) -> dict[str, Any]:
    """On the running hub where there is one, which alone writes to its store; else in the store itself."""
    from urllib.parse import quote

    from crossdock.cli.remote import waits

    if not _runs(at):
        return asyncio.run(_in_store(name, act, body, at))
    with at.acting(role="admin") as hub:
        answer = hub.post(f"/v1/people/{quote(name, safe='')}/{act}", body)
        if answer.status == 202:
            waits(answer.tree, json=False)
        return answer.tree


def _listed(at: Place) -> list[dict[str, Any]]:
    from crossdock.access.acts import shown
    from crossdock.access.people import person_of
    from crossdock.cli.opening import store_at
    from crossdock.journal.sql.people import people

    if at.url is not None:
        with at.acting(role="admin") as hub:
            return hub.get("/v1/people")["people"]
    storage = store_at(at.settings().database)
    if not storage.exists():
        return []
    with storage.snapshot() as connection:
        return [shown(person_of(row)) for row in people(connection, 1)]


def _runs(at: Place) -> bool:
    from crossdock.cli import whereabouts

    return at.url is not None or whereabouts.running(at.settings()) is not None


async def _in_store(name: str, act: str, body: dict[str, Any], at: Place) -> dict[str, Any]:
    """Writes to a store that no hub of this machine uses; a file has one writer, and a database may have many."""
    from crossdock.access.acts import do
    from crossdock.access.people import People
    from crossdock.access.roles import Actor
    from crossdock.assembly import Surroundings, open_journal
    from crossdock.cli.acting import who
    from crossdock.cli.remote import waits
    from crossdock.governance.approvals import Approvals
    from crossdock.governance.charter_gate import acts_of, in_force
    from crossdock.journal.sqlite.lock import StoreLock
    from crossdock.message.four_eyes import Asked

    settings, around = at.settings(), Surroundings()
    lock = None if settings.is_shared else StoreLock(settings.sqlite_path, stays=False)
    try:
        journal = open_journal(settings, around)
        journal.start()
        try:
            before = await journal.view(in_force)
            acts, within_s = acts_of(before[1]) if before else ([], 0.0)
            eyes = Approvals(journal, around.clock.now_ms, acts, within_s)
            people = People(journal, around.clock.now_ms, eyes)
            return await do(people, name, act, body, Actor(who(), "terminal"))
        except Asked as waiting:
            waits(waiting.request, json=False)
        finally:
            await journal.close()
    finally:
        if lock is not None:
            lock.release()


# -- words -----------------------------------------------------------------------


def _done(tree: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(tree)
        return
    reach = ", ".join(tree["systems"]) or "every system"
    print(f"{tree['name']}: {tree['role']} for {reach}, {_now(tree)}")
    if tree.get("password"):
        print(f"password for the first sign-in, shown once: {tree['password']}")


def _now(one: dict[str, Any]) -> str:
    if one["disabled_at"]:
        return "disabled"
    if one["one_time_password"]:
        return "has not signed in yet"
    return "may sign in, with a code" if one["authenticator"] else "may sign in"
