"""`crossdock twin up` for several twins: what they are opened with, and the charter that connects a site to them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from crossdock.cli.terminal import MISUSED, stop
from crossdock.faults import Misconfigured
from crossdock.scenario.script import Given, Member
from crossdock.scenario.site import charter_of
from crossdock.twins.company import Plan, run
from crossdock.twins.warehouse.__main__ import dial_settings
from crossdock.twins.warehouse.opening import Opening, read_opening

_HUB = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for."""

    kinds: list[str]
    listen: str
    seed: int
    stock: Path | None
    push: tuple[str, ...]
    key_env: str
    simulated_clock: bool
    faults: str


def together(wanted: Wanted, environment: Mapping[str, str]) -> int:
    """Runs them; the exit status."""
    host, _, port = wanted.listen.rpartition(":")
    if not port.isdecimal():
        stop(f"{wanted.listen} is no address", fix="write HOST:PORT", status=MISUSED)
    try:
        opened = read_opening(wanted.stock) if wanted.stock is not None else Opening()
        dials = dial_settings(wanted.faults)
    except Misconfigured as fault:
        stop(str(fault), status=MISUSED)
    plan = Plan(
        wanted.kinds, host or "127.0.0.1", int(port), wanted.seed, opened, wanted.push,
        _keys(wanted, environment), environment.get("CROSSDOCK_TWIN_API_KEY") or None, dials, wanted.simulated_clock,
    )  # fmt: skip
    return run(plan, lambda urls: _connect(urls, opened, pushes=bool(wanted.push)))


def _keys(wanted: Wanted, environment: Mapping[str, str]) -> dict[str, str]:
    every = environment.get(wanted.key_env)
    found = {kind: environment.get(f"{wanted.key_env}_{kind.upper()}", every) for kind in wanted.kinds}
    return {kind: key for kind, key in found.items() if key}


def _connect(urls: Mapping[str, str], opened: Opening, *, pushes: bool) -> None:
    """How to connect a site, on stderr: stdout is for programs."""
    sites = sorted({*opened.sites, *(row.site for row in opened.stock)}) or ["MAIN"]
    members = {kind: Member(kind, kind, kind) for kind in urls}
    given = Given(members, {}, {}, {}, [{"site": site} for site in sites], {}, sites[0])
    charter = charter_of(given)
    for kind, url in urls.items():
        charter["systems"][kind]["url"] = url
    charter["network"] = {"allow": ["127.0.0.1/32"]}
    sys.stderr.write("# charter.yaml of a site that is connected to these twins:\n")
    _yaml().dump(charter, sys.stderr)  # pyright: ignore[reportUnknownMemberType]
    if not pushes:
        names = " ".join(urls)
        sys.stderr.write(
            f"# What they tell goes to a hub with: --push '{_HUB}/v1/systems/{{system}}/messages?document={{topic}}'\n"
            f"# and a key each, from `crossdock keys create NAME` for {names}, in CROSSDOCK_TWIN_PUSH_KEY_NAME.\n"
        )
    sys.stderr.flush()


def _yaml() -> Any:
    yaml = YAML()
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
