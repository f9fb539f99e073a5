"""Where a command acts and how it answers: the options that most commands share, given to it as one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crossdock.cli import options

if TYPE_CHECKING:
    from crossdock.cli.reading import Reading
    from crossdock.cli.remote import Remote
    from crossdock.settings import Settings

#: The options as a command line shows them, with what stands where one is not given.
_SHARED: dict[str, tuple[Any, object]] = {
    "site": (options.Site, None),
    "database": (options.Database, None),
    "url": (options.Url, None),
    "key": (options.Key, None),
    "json": (options.Json, False),
}


@dataclass(frozen=True, slots=True)
class Place:
    """The site, store or hub that a command speaks with, and whether a program reads the answer."""

    site: Path | None
    database: str | None
    url: str | None
    key: str | None
    json: bool

    def settings(self) -> Settings:
        """What the options and the environment give. Raises Misconfigured."""
        return options.settings(self.site, self.database)

    def acting(self, *, system: str | None = None, role: str | None = None) -> AbstractContextManager[Remote]:
        """The running hub, with a key that may act; as `acting`."""
        from crossdock.cli.acting import acting

        named = {name: one for name, one in (("system", system), ("role", role)) if one is not None}
        return acting(self.site, self.database, self.url, self.key, **named)

    def reading(self, *, also_left: bool = False) -> Reading:
        """The hub at `url` if one is given, else the store of the site; as `reading`. Raises Misconfigured."""
        from crossdock.cli.reading import reading

        return reading(self.site, self.database, self.url, self.key, also_left=also_left)

    def clock(self) -> ZoneInfo | None:
        """The zone of the site's people, where its charter can be read."""
        return options.clock(self.site, self.url)

    def spoken(self) -> str:
        """What a printed command needs so that it finds the same site."""
        return options.spoken(self.site)

    def check_system(self, name: str | None) -> None:
        """Ends the command when the charter beside us has no such system."""
        options.check_system(name, self.site, self.url)


def at_a_place(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options `--site`, `--database`, `--url`, `--key` and `--json`, as its argument `at`."""

    @functools.wraps(command)
    def run(**given: Any) -> None:
        command(at=Place(**{name: given.pop(name) for name in _SHARED}), **given)

    asked = signature(command, eval_str=True)
    own = [one for one in asked.parameters.values() if one.name != "at"]
    parameters = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in own]
    parameters += [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]
    # From these two it is read what a command asks for.
    vars(run)["__signature__"] = asked.replace(parameters=parameters)
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
