"""The address of a database: how it is named to people, and whether it is written as it must be."""

from __future__ import annotations

import re

#: Servers of a database URL, and what stands behind them but parameters.
_SERVERS = re.compile(
    r"(?:\[[^\]@/]*\]|[^:,@/\[\]]*)(?::\d*)?(?:,(?:\[[^\]@/]*\]|[^:,@/\[\]]*)(?::\d*)?)*(?:/[^@]*)?"
)
#: Among the parameters of a database URL.
_PASSWORD_PARAMETER = re.compile(r"(?<=[?&])((?:ssl)?password=)[^&]*")


def spoken(url: str) -> str:
    """A database URL without its password, for people; it may name several servers.

    A password in which @ / ? are not written as %40 %2F %3F is left out too, with all that can be a part of it.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    place, parameters = _parted(rest)
    before, at, servers = place.rpartition("@")
    shown = _PASSWORD_PARAMETER.sub(r"\1…", parameters)
    return f"{scheme}://{before.partition(':')[0]}{at}{servers}{shown}"


def is_written_well(url: str) -> bool:
    """Whether what stands before the servers of a database URL can be told from them.

    A password with an @ / ? that is not written as %40 %2F %3F cannot: its end would be taken for the name of a server.
    """
    place, _ = _parted(url.partition("://")[2])
    authority, _, name = place.partition("/")
    if ":" in authority and "@" in name:
        return False
    return "@" not in place or bool(_SERVERS.fullmatch(authority.partition("@")[2]))


def _parted(rest: str) -> tuple[str, str]:
    """What names the user, the servers and the database; and the parameters, from their ? on."""
    place, ask, parameters = rest.partition("?")
    if "@" in parameters and "@" not in place:
        first = parameters.partition("@")[0].rpartition("&")[2]
        if "=" not in first or "/" not in place or not _SERVERS.fullmatch(place):
            return rest, ""  # the ? is one of the password
    return place, f"{ask}{parameters}"
