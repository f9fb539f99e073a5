"""`crossdock charter`: the charter of a site as the hub understands it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

import typer

from crossdock.cli import options
from crossdock.cli.terminal import Group, console, print_json
from crossdock.desk.story import plain

if TYPE_CHECKING:
    from crossdock.charter.charter import Charter, ObjectRule, System

app = typer.Typer(cls=Group, no_args_is_help=True, help="The charter of a site as the hub understands it.")


@app.callback()
def _group() -> None:
    """The charter of a site as the hub understands it."""


@app.command()
def schema(site: options.Site = None) -> None:
    """Prints the JSON Schema of charter.yaml, for editors, with the connectors that the site may use."""
    from crossdock.assembly import connector_fields
    from crossdock.charter.schema import charter_schema
    from crossdock.kit.registry import connectors
    from crossdock.model import register

    kinds = connector_fields(connectors(options.settings(site).site))
    print_json(charter_schema(kinds, register.kinds()))


@app.command()
def show(site: options.Site = None, json: options.Json = False) -> None:
    """Shows who owns what, who gets what, and each system's flows, with all that was left unsaid filled in."""
    from crossdock.assembly import read_charter

    charter, _ = read_charter(options.settings(site).site)
    if json:
        tree = _tree(charter)
        tree.pop("files")
        print_json(tree)
        return
    from rich.markup import escape

    out = console()
    place = f"{charter.site.timezone.key}, {charter.site.currency}"
    out.print(f"[bold]{escape(charter.site.name)}[/bold]  {place}  [dim]{charter.version[:19]}[/dim]\n")
    for rule in charter.objects.values():
        out.print(escape(_route(rule)))
    for system in charter.systems.values():
        out.print(f"\n[bold]{escape(system.name)}[/bold]  {system.connector}  {escape(system.url or '')}")
        for line in _flows(system):
            out.print(f"  {escape(line)}")
    out.print(f"\nan unknown item: {charter.checks.item_known.value}; {_network(charter)}")


def _route(rule: ObjectRule) -> str:
    def named(system: str, after: str | None) -> str:
        return f"{system} (after {after})" if after else system

    readers = ", ".join(named(one.system, one.after) for one in rule.readers)
    fields = "".join(f"; {path} is {owner}'s" for path, owner in rule.fields.items())
    return (
        f"{plain(rule.document)}: {' and '.join(rule.owners)} owns it, {readers or 'nobody'} gets it{fields}"
    )


def _flows(system: System) -> Iterator[str]:
    for flow in system.flows_in:
        key = f", in order by {flow.order_by}" if flow.order_by else ""
        how = f" every {flow.every_s:g} s" if flow.every_s else ""
        yield f"gives {plain(flow.document)}{how}{key}; other content under a known id: {flow.on_change.value}"
    for out in system.flows_out:
        to = f" by {out.method} {out.path}" if out.path else ""
        yield f"gets {plain(out.document)}{to}; when the outcome is unclear: {out.on_unclear.value}"
    limits = system.limits
    rate = f", {limits.rate_per_s:g} a second" if limits.rate_per_s else ""
    if system.url:
        yield f"at most {limits.concurrency} requests at once{rate}; given up after {limits.retry_for_s / 3600:g} h"


def _network(charter: Charter) -> str:
    allowed = ", ".join(str(network) for network in charter.network_allow)
    return f"private addresses that may be called: {allowed or 'none'}"


def _tree(value: object) -> Any:
    """Values of the charter as JSON can say them."""
    if dataclasses.is_dataclass(value):
        return {field.name: _tree(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {str(key.value if isinstance(key, Enum) else key): _tree(one) for key, one in pairs}
    if isinstance(value, tuple | list | frozenset):
        items = cast("tuple[object, ...]", value)
        return [_tree(one) for one in (sorted(items, key=str) if isinstance(value, frozenset) else items)]
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


@app.command()
def propose(
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Asks a second person for the charter as it is in the site's folder now; the next start then takes it.

    Needed where the charter in force lists `charter` under `four_eyes.acts`.
    """
    from urllib.parse import quote

    from crossdock.assembly import read_charter
    from crossdock.cli.acting import acting
    from crossdock.cli.remote import refuse, waits

    charter, _ = read_charter(options.settings(site).site)
    with acting(site, database, url, key) as hub:
        answer = hub.ask("POST", f"/v1/charter/{quote(charter.version, safe='')}/propose", b"{}")
        if answer.status >= 300:
            refuse(answer)
    if answer.status == 202:
        waits(answer.tree, json=json)
    print("one person is enough for this charter: it is in force from the next start on")
