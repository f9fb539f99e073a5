"""The settings of one hub process: flags first, then the environment, then what is right for one machine."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from crossdock.faults import Misconfigured

GUARDS = ("dedup", "fence", "order", "commit", "in_doubt", "reservation")
LOG_LEVELS = ("debug", "info", "warning", "error")
_PREFIX = "CROSSDOCK_"
_SHARED = "postgresql://"
_UNSAFE = "CROSSDOCK_UNSAFE_TEST"
_CONSOLE = re.compile(r"(?:https?://[A-Za-z0-9.:\[\]-]+)?(?P<path>(?:/[a-z0-9][a-z0-9_-]{0,60}){1,5})")
#: Paths that the API has.
_TAKEN = frozenset({"/v1", "/as2", "/healthz", "/readyz", "/metrics"})
_SECRET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
#: A secret is a token or a key, not a document.
_SECRET_BYTES_MAX = 65_536

#: Gives the value of a secret by its name in the charter. Raises Misconfigured.
Secrets = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that one process is told from outside."""

    site: Path  #: folder with charter.yaml, mappings/, crosswalks/
    host: str = "127.0.0.1"
    port: int = 8080
    database: str = ""  #: sqlite:PATH or postgresql://USER@HOST/NAME
    workers: int = 1
    host_id: str = ""
    lease_s: float = 5.0  #: how long a process may be silent before others take its work over
    shares_port: bool = False  #: one of several processes behind one address
    log: str = "info"
    secrets_dir: Path | None = None
    console: str = "/console"  #: path of the console, or its whole address from outside; "off": there is none
    trusted_proxies: tuple[
        IPv4Network | IPv6Network, ...
    ] = ()  #: whose X-Forwarded-For and -Proto are believed
    guards_off: frozenset[str] = frozenset()  #: test only
    sqlite_synchronous: str = "FULL"  #: OFF only in tests

    @property
    def is_shared(self) -> bool:
        """Whether other processes, on this host or others, may write to the same store."""
        return self.database.startswith(_SHARED)

    @property
    def worker(self) -> str:
        """Which of several processes behind one address this is, by the end of its id; "" where it is alone."""
        return self.host_id.rpartition("/")[2] if self.shares_port else ""

    @property
    def sqlite_path(self) -> Path:
        """The file of a SQLite store. Raises Misconfigured when the store is another one."""
        scheme, _, rest = self.database.partition(":")
        if scheme != "sqlite" or not rest:
            says = f"a database of the kind {scheme!r} is not a SQLite file"  # no more of it: it may hold a password
            raise Misconfigured(says, path="CROSSDOCK_DATABASE", fix="write sqlite:PATH")
        return Path(rest)

    @property
    def charter_file(self) -> Path:
        """The charter of the site."""
        return self.site / "charter.yaml"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be printed at start because it makes the hub unsafe."""
        off = tuple(f"guard {name} is off: this hub breaks its promises" for name in sorted(self.guards_off))
        unsynced = "sqlite does not sync: accepted documents can be lost"
        return off + ((unsynced,) if self.sqlite_synchronous == "OFF" else ())


def settings_from(
    environment: Mapping[str, str],
    *,
    site: str | Path | None = None,
    listen: str | None = None,
    database: str | None = None,
    workers: int | None = None,
    host_id: str | None = None,
) -> Settings:
    """The settings from flags (None: not given) and the environment. Raises Misconfigured."""

    def given(flag: object, name: str, default: str = "") -> str:
        return str(flag) if flag is not None else environment.get(_PREFIX + name, default)

    folder = Path(given(site, "SITE", "."))
    host, port = _address(given(listen, "LISTEN", "127.0.0.1:8080"))
    store = _database(given(database, "DATABASE", f"sqlite:{folder / 'data' / 'crossdock.db'}"))
    count = int(_number(given(workers, "WORKERS", "1"), "WORKERS", least=1, whole=True))
    if count > 1 and not store.startswith(_SHARED):
        says = f"{count} workers need PostgreSQL; SQLite has one writer"
        raise Misconfigured(
            says, path="CROSSDOCK_WORKERS", fix="give --workers 1, or a postgresql:// database"
        )
    level = given(None, "LOG", "info").lower()
    if level not in LOG_LEVELS:
        says = f"CROSSDOCK_LOG={level} is no level of the log"
        raise Misconfigured(says, path="CROSSDOCK_LOG", fix=f"write one of {', '.join(LOG_LEVELS)}")
    secrets_dir = environment.get("CROSSDOCK_SECRETS_DIR")
    return Settings(
        site=folder,
        host=host,
        port=port,
        database=store,
        workers=count,
        host_id=given(host_id, "HOST_ID") or socket.gethostname(),
        lease_s=_number(given(None, "LEASE_S", "5"), "LEASE_S", least=0.1),
        log=level,
        secrets_dir=Path(secrets_dir) if secrets_dir else None,
        console=_console(given(None, "CONSOLE", "/console")),
        trusted_proxies=_networks(given(None, "TRUSTED_PROXIES")),
        guards_off=_guards_off(environment),
        sqlite_synchronous=_synchronous(environment),
    )


def secrets_from(environment: Mapping[str, str], secrets_dir: Path | None) -> Secrets:
    """Where secrets are looked up: `CROSSDOCK_SECRET_<NAME>` first, then one file a name in `secrets_dir`.

    In the environment the name is upper case, with `_` for every other sign.
    """

    def secret(name: str) -> str:
        if not _SECRET_NAME.fullmatch(name):
            fix = "use letters, digits, '_', '-' and '.'"
            raise Misconfigured(f"{name!r} is no name of a secret", path="secret", fix=fix)
        variable = secret_variable(name)
        if variable in environment:
            return environment[variable]
        value = None if secrets_dir is None else _secret_file(secrets_dir, name)
        if value is None:
            where = "" if secrets_dir is None else f" or write the file {name} in the secrets folder"
            raise Misconfigured(f"the secret {name} is missing", path="secret", fix=f"set {variable}{where}")
        return value

    return secret


def secret_variable(name: str) -> str:
    """The environment variable that may hold a secret."""
    return f"{_PREFIX}SECRET_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"


def _secret_file(folder: Path, name: str) -> str | None:
    try:
        with (folder / name).open("rb") as file:
            data = file.read(_SECRET_BYTES_MAX + 1)
        text = data.decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        says = f"the secret {name} cannot be read: {type(error).__name__}"
        raise Misconfigured(says, path="secret", fix="make it a readable UTF-8 text file") from None
    if len(data) > _SECRET_BYTES_MAX:
        raise Misconfigured(f"the secret {name} is longer than {_SECRET_BYTES_MAX} bytes", path="secret")
    return text.rstrip("\r\n")


def _address(text: str) -> tuple[str, int]:
    """Host and port; port 0 lets the machine choose."""
    host, colon, port = text.rpartition(":")
    if colon and host and port.isdecimal() and int(port) > 65_535:
        says = f"the port {port} of {text!r} is too large"
        raise Misconfigured(says, path="CROSSDOCK_LISTEN", fix="write one of 1 to 65535, such as 8080")
    if not colon or not host or not port.isdecimal():
        says = f"{text!r} is no address to listen on"
        raise Misconfigured(says, path="CROSSDOCK_LISTEN", fix="write HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def _database(text: str) -> str:
    scheme, _, rest = text.partition(":")
    if scheme == "postgres":
        text = f"postgresql:{rest}"
    if text.startswith(_SHARED):
        return text
    if scheme != "sqlite" or not rest:
        says = f"{scheme or text!r} is no kind of database that the hub knows"
        raise Misconfigured(
            says, path="CROSSDOCK_DATABASE", fix="write sqlite:PATH or postgresql://USER@HOST/NAME"
        )
    return text


def _console(text: str) -> str:
    """A path, or an address of http or https that ends in one; never the root, where the API is."""
    found = _CONSOLE.fullmatch(text.rstrip("/"))
    if text != "off" and (found is None or f"/{found['path'].split('/')[1]}" in _TAKEN):
        says = f"CROSSDOCK_CONSOLE={text} is no place for the console"
        fix = "write a path such as /console, an address such as https://hub.example.com/console, or off"
        raise Misconfigured(says, path="CROSSDOCK_CONSOLE", fix=fix)
    return text.rstrip("/")


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(one) for one in text.replace(",", " ").split())
    except ValueError as error:
        says = f"CROSSDOCK_TRUSTED_PROXIES is no list of networks: {error}"
        fix = "write networks such as 10.0.0.5/32, parted by commas"
        raise Misconfigured(says, path="CROSSDOCK_TRUSTED_PROXIES", fix=fix) from None


def _number(text: str, name: str, *, least: float, whole: bool = False) -> float:
    try:
        value = float(int(text)) if whole else float(text)
    except ValueError:
        value = float("nan")
    if not value >= least or value == float("inf"):
        kind = "a whole number" if whole else "a number"
        raise Misconfigured(
            f"{_PREFIX}{name}={text} must be {kind} of at least {least:g}", path=_PREFIX + name
        )
    return value


def _guards_off(environment: Mapping[str, str]) -> frozenset[str]:
    names = frozenset(
        part.strip() for part in environment.get("CROSSDOCK_GUARD_OFF", "").split(",") if part.strip()
    )
    if not names:
        return names
    _only_in_tests(environment, "CROSSDOCK_GUARD_OFF")
    if unknown := names - set(GUARDS):
        says = f"there is no guard {', '.join(sorted(unknown))}"
        raise Misconfigured(says, path="CROSSDOCK_GUARD_OFF", fix=f"the guards are {', '.join(GUARDS)}")
    return names


def _synchronous(environment: Mapping[str, str]) -> str:
    value = environment.get("CROSSDOCK_SQLITE_SYNC", "full").lower()
    if value in {"", "full"}:
        return "FULL"
    if value != "off":
        says = f"CROSSDOCK_SQLITE_SYNC={value} is not known"
        raise Misconfigured(says, path="CROSSDOCK_SQLITE_SYNC", fix="leave it out")
    _only_in_tests(environment, "CROSSDOCK_SQLITE_SYNC")
    return "OFF"


def _only_in_tests(environment: Mapping[str, str], name: str) -> None:
    if environment.get(_UNSAFE) != "1":
        says = f"{name} makes the hub break its promises and is for tests only"
        raise Misconfigured(says, path=name, fix=f"unset {name} (or set {_UNSAFE}=1 in a test)")
