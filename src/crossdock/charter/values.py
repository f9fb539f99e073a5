"""Single values of the charter: text to zones, networks, statuses, with what to write instead."""

from __future__ import annotations

import codecs
import re
import zoneinfo
from collections.abc import Callable, Collection
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from crossdock.charter.keys import Key, Type
from crossdock.charter.sheet import Entry

#: Words that a sentence lists; the rest is counted.
_LISTED_MAX = 20


class Refused(Exception):
    """A value is wrong; `fix` is what to write instead."""

    def __init__(self, says: str, fix: str = "") -> None:
        super().__init__(says)
        self.fix = fix


def nearest(word: str, words: Collection[str], what: str = "") -> str:
    """What was probably meant, as an advice; else all there is to choose from."""
    near = get_close_matches(word, words, 1, 0.5) or get_close_matches(word.lower(), words, 1, 0.5)
    if near:
        return f"write {near[0]}"
    more = f" and {len(words) - _LISTED_MAX} more" if len(words) > _LISTED_MAX else ""
    return f"{what or 'it'} is one of {', '.join(sorted(words)[:_LISTED_MAX])}{more}" if words else ""


def _text(entry: Entry) -> str:
    if not isinstance(entry.value, str):
        quoted = f', such as "{entry.value}"' if isinstance(entry.value, int | Decimal) else ""
        raise Refused(f"this must be text, not {entry.kind}", f"write text in quotes{quoted}")
    if not entry.value.strip():
        raise Refused("this must not be blank", "write a value or leave the key out")
    return entry.value


def _whole(entry: Entry) -> int:
    value = entry.value
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"this must be a whole number, not {entry.kind}", "write digits without quotes")
    return value


def _number(entry: Entry) -> float:
    value = entry.value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused(f"this must be a number, not {entry.kind}", "write digits without quotes")
    return float(value)


def _flag(entry: Entry) -> bool:
    if not isinstance(entry.value, bool):
        raise Refused(f"this must be true or false, not {entry.kind}", "write true or false without quotes")
    return entry.value


def _texts(entry: Entry) -> tuple[str, ...]:
    return tuple(_text(item) for item in _list(entry))


def _days(entry: Entry) -> tuple[str, ...]:
    # 31 is a whole number in YAML, and a day all the same.
    whole = (str(item.value) if type(item.value) is int else _text(item) for item in _list(entry))
    return tuple(day.lower() for day in whole)


def _matching(pattern: str, says: str, fix: str) -> Callable[[Entry], str]:
    compiled = re.compile(pattern)

    def parse(entry: Entry) -> str:
        text = _text(entry)
        if not compiled.fullmatch(text):
            raise Refused(f'"{text}" is no {says}', fix)
        return text

    return parse


#: How the keys of common services begin.
_PASTED = re.compile(
    r"(?i)(sk|pk|rk|ghp|gho|ghs|github_pat|glpat|xox[a-z]|shp[a-z]{2}|akia|eyj)[_-]?[a-z0-9]*[_.-]?\w{8,}"
)


def _secret(entry: Entry) -> str:
    # What stands here may be the secret itself, so it is never repeated.
    if not isinstance(entry.value, str) or not _is_secret_name(entry.value):
        raise Refused(
            "this must be the name of a secret, never the secret itself",
            "write a name such as WMS_TOKEN, put the value into CROSSDOCK_SECRET_WMS_TOKEN"
            " or a file of CROSSDOCK_SECRETS_DIR, and change the secret if it stood here",
        )
    return entry.value


def _is_secret_name(text: str) -> bool:
    """Whether a text is a name, and none that only a generator of keys would choose."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", text) or _PASTED.fullmatch(text):
        return False
    longest = max(re.split(r"[_.-]", text), key=len)
    digits = sum(sign.isdigit() for sign in longest)
    return not (len(longest) >= 12 and digits >= 2 and digits < len(longest)) and not (
        digits == len(longest) >= 8
    )


def _url(entry: Entry) -> str:
    text = _text(entry)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise Refused("this is no web address", "write https://host[:port][/path]") from None
    if parts.username is not None or parts.password is not None:
        raise Refused("an address must not hold a user or password", "use `auth` with the name of a secret")
    if not usable or " " in text:
        raise Refused(f'"{text}" is no web address', "write https://host[:port][/path]")
    if parts.query or parts.fragment:
        raise Refused("the address of a system has no ? and no #", "put these into the path of the flow")
    return text.rstrip("/")


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(entry: Entry) -> zoneinfo.ZoneInfo:
    text = _text(entry)
    try:
        return zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        by_city = {name.rsplit("/", 1)[-1].lower(): name for name in _zone_names()}
        city = text.rsplit("/", 1)[-1].lower().replace(" ", "_")
        meant = by_city.get(city)
        fix = f"write {meant}" if meant else nearest(text, _zone_names(), "a zone")
        raise Refused(f'there is no time zone "{text}"', fix) from None


#: ISO 4217, active codes of 2024 that goods are priced in.
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
    CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
    LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK
    PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905, a page of literals is no easier to read
)


def _currency(entry: Entry) -> str:
    text = _text(entry)
    if text not in CURRENCIES:
        # Of three letters the first two are the country: a better hint than any likeness.
        meant = [code for code in sorted(CURRENCIES) if code == text.upper() or code[:2] == text.upper()[:2]]
        fix = f"write {text.upper() if text.upper() in meant else (meant or ['EUR'])[0]}"
        raise Refused(f'"{text}" is no ISO 4217 currency', fix)
    return text


def _codec(entry: Entry) -> str:
    text = _text(entry)
    try:
        "".encode(text)
        return codecs.lookup(text).name
    except LookupError:
        known = ("ascii", "latin-1", "cp1252", "cp437", "utf-8")
        raise Refused(f'there is no character set "{text}"', nearest(text, known)) from None


def _file(entry: Entry) -> str:
    text = _text(entry)
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text:
        raise Refused(
            f'"{text}" leads out of the site', "write a path inside it, such as mappings/shop-in.jsonata"
        )
    return str(path)


def _list(entry: Entry) -> list[Entry]:
    if not isinstance(entry.value, list):
        raise Refused(f"this must be a list, not {entry.kind}", "write it in brackets: [a, b]")
    return entry.value


def _networks(entry: Entry) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(_network(_text(item)) for item in _list(entry))


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        try:
            fix = f"write {ip_network(text, strict=False)}"
        except ValueError:
            fix = "write an address with its length, such as 10.1.0.0/16"
        raise Refused(f'"{text}" is no network: {error}', fix) from None


def _statuses(entry: Entry) -> tuple[int | str, ...]:
    return tuple(_status(item, classes=True) for item in _list(entry))


def _exact_statuses(entry: Entry) -> tuple[int | str, ...]:
    return tuple(_status(item, classes=False) for item in _list(entry))


def _status(entry: Entry, *, classes: bool) -> int | str:
    value = entry.value
    if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
        return value
    if classes and isinstance(value, str) and re.fullmatch("[1-5]xx", value):
        return value
    such = "200 or 2xx" if classes else "200"
    raise Refused(f'"{value}" is no HTTP status', f"write one such as {such}, without quotes")


def _fields(entry: Entry) -> tuple[str, ...]:
    return tuple(_field(item) for item in _list(entry))


_field = _matching(
    r"[^\s.\[\]\"'`*$()]+(\.[^\s.\[\]\"'`*$()]+)*",
    "dotted field path",
    "write field names with dots, without indexes: lines.price",
)
_name = _matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", "name", "use up to 63 letters, digits, _ and -")

_PARSERS: dict[Type, Callable[[Entry], object]] = {
    Type.TEXT: _text,
    Type.PATH: _text,
    Type.DOCUMENT: _text,
    Type.SYSTEM: _text,
    Type.CONNECTOR: _text,
    Type.NAME: _name,
    Type.WHOLE: _whole,
    Type.NUMBER: _number,
    Type.FLAG: _flag,
    Type.TEXTS: _texts,
    Type.DAYS: _days,
    Type.SECONDS: _number,
    Type.FIELD: _field,
    Type.FIELDS: _fields,
    Type.FILE: _file,
    Type.URL: _url,
    Type.URL_PATH: _matching(r"/\S*", "path of an address", "begin it with / and write no spaces"),
    Type.HEADER: _matching(
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", "name of an HTTP header", "such as Idempotency-Key"
    ),
    Type.SECRET_NAME: _secret,
    Type.ZONE: _zone,
    Type.CURRENCY: _currency,
    Type.CODEC: _codec,
    Type.NETWORKS: _networks,
    Type.STATUSES: _statuses,
    Type.EXACT_STATUSES: _exact_statuses,
}


def parsed(key: Key, entry: Entry) -> object:
    """The value of one key. Raises Refused."""
    if key.type is Type.CHOICE:
        text = _text(entry)
        if text not in key.choices:
            raise Refused(f'"{text}" is not known here', nearest(text, key.choices))
        return text
    value = _PARSERS[key.type](entry)
    if isinstance(value, int | float) and not isinstance(value, bool) and value < key.least:
        raise Refused(f"{value:g} is too small", f"write at least {key.least:g}")
    if isinstance(value, int | float) and not isinstance(value, bool) and value > key.most:
        # The only bound above so far is that of a share.
        fix = f"write at most {key.most:g}" + (f"; {value:g} % is {value / 100:g}" if value <= 100 else "")
        raise Refused(f"{value:g} is too large", fix)
    return value
