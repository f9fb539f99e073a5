"""MIME entities (RFC 2045, 2046) read to the exact byte, since signatures are made over bytes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote_to_bytes

from crossdock.transport.as2.problem import Problem, Refused

#: One header: its name as written, its value unfolded.
Header = tuple[str, str]

_HEAD_BYTES_MAX = 65_536
_HEADERS_MAX = 200
_NAME = re.compile(r"[!-9;-~]+\Z")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+'*%`|~-]+\Z")
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s"]*)')
_BARE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True)
class Entity:
    """Headers and a body as they stand on the wire; `raw` is both with the blank line between."""

    headers: tuple[Header, ...]
    body: bytes
    raw: bytes

    def header(self, name: str) -> str:
        """The first header of that name in whatever case; "" when there is none."""
        wanted = name.lower()
        return next((value for found, value in self.headers if found.lower() == wanted), "")

    @cached_property
    def kind(self) -> str:
        """The content type without parameters, lower case; "" when none is given."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the content type; names lower case."""
        return parameters(self.header("Content-Type"))

    @property
    def filename(self) -> str:
        """The name that the sender gives the content, "" for none. Only a word: never use it as a path."""
        named = parameters(self.header("Content-Disposition"))
        name = named.get("filename*", "") or named.get("filename", "") or self.parameters.get("name", "")
        if "filename*" in named:
            charset, _, rest = name.partition("'")
            coded = rest.partition("'")[2]
            try:
                name = unquote_to_bytes(coded).decode(charset or "utf-8")
            except (LookupError, ValueError):
                name = coded
        name = re.split(r"[/\\]", name)[-1]
        return "".join(one for one in name if one.isprintable())[:255]

    def content(self) -> bytes:
        """The body without its transfer encoding. Raises Refused."""
        encoding = self.header("Content-Transfer-Encoding").strip().lower()
        if encoding in ("", "7bit", "8bit", "binary"):
            return self.body
        try:
            if encoding == "base64":
                return binascii.a2b_base64(self.body)
            if encoding == "quoted-printable":
                return binascii.a2b_qp(self.body)
        except (ValueError, binascii.Error):
            raise Refused(Problem.UNEXPECTED, f"the content is no {encoding}") from None
        raise Refused(Problem.UNEXPECTED, f"there is no transfer encoding {encoding[:40]!r}")


def made(headers: Sequence[Header], body: bytes) -> Entity:
    """An entity of our own, each header on one line."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")
    return Entity(tuple(headers), body, b"%b\r\n%b" % (head, body))


def read(raw: bytes) -> Entity:
    """The entity that these bytes are. Raises Refused when they do not begin with headers."""
    head, body = _split(raw)
    headers: list[Header] = []
    for line in head.decode("latin-1").replace("\r\n", "\n").split("\n"):
        if not line:
            continue
        if line[0] in " \t":
            if not headers:
                raise Refused(Problem.UNEXPECTED, "the content does not begin with MIME headers")
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or not _NAME.match(name.rstrip()):
            raise Refused(Problem.UNEXPECTED, "the content does not begin with MIME headers")
        headers.append((name.rstrip(), value.strip()))
        if len(headers) > _HEADERS_MAX:
            raise Refused(Problem.UNEXPECTED, f"more than {_HEADERS_MAX} headers")
    return Entity(tuple(headers), body, raw)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Head and body, at the first blank line."""
    if raw.startswith(b"\r\n"):
        return b"", raw[2:]
    if raw.startswith(b"\n"):
        return b"", raw[1:]
    window = raw[:_HEAD_BYTES_MAX]
    ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if (at := window.find(mark)) >= 0]
    if not ends:
        raise Refused(Problem.UNEXPECTED, "the content does not begin with MIME headers")
    at, length = min(ends)
    return raw[:at], raw[at + length :]


def parts(entity: Entity, parts_max: int) -> tuple[Entity, ...]:
    """The parts of a multipart entity, each to the byte before its delimiter's line break. Raises Refused."""
    boundary = entity.parameters.get("boundary", "")
    if not boundary or len(boundary) > 200:
        raise Refused(Problem.UNEXPECTED, "a multipart content names no boundary")
    mark = b"--" + boundary.encode("latin-1", "replace")
    body, found, start = entity.body, list[Entity](), -1
    at = 0 if body.startswith(mark) else _next(body, mark, 0)
    while at >= 0:
        line_end = body.find(b"\n", at)
        rest = body[at + len(mark) : line_end if line_end >= 0 else len(body)]
        last = rest.startswith(b"--")
        if last or not rest.strip():  # else the delimiter is the beginning of a longer word
            if start >= 0:
                found.append(read(body[start : _before(body, at, start)]))
            if len(found) > parts_max:
                raise Refused(Problem.UNEXPECTED, f"more than {parts_max} parts")
            if last:
                return tuple(found)
            start = line_end + 1 if line_end >= 0 else len(body)
        at = _next(body, mark, max(at + 1, start - 1))
    raise Refused(Problem.UNEXPECTED, "a multipart content breaks off before its end")


def _next(body: bytes, mark: bytes, begin: int) -> int:
    """Where the next line begins that starts with the mark, -1 for nowhere."""
    at = body.find(b"\n" + mark, begin)
    return at + 1 if at >= 0 else -1


def _before(body: bytes, at: int, start: int) -> int:
    """The end of what stands before the line break that belongs to the delimiter at `at`."""
    end = at - 1
    if body[end - 1 : end] == b"\r":
        end -= 1
    return max(end, start)


def parameters(value: str) -> dict[str, str]:
    """The parameters of a header value such as `multipart/signed; micalg="sha-256"`; names lower case."""
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(value):
        name, text = match[1].lower(), match[2]
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        found.setdefault(name, text)
    return found


def parameter(name: str, value: str) -> str:
    """One parameter as it is written: quoted where needed, RFC 2231 where it is not ASCII."""
    if not value.isascii():
        return f"{name}*=UTF-8''{quote(value, safe='')}"
    if _TOKEN.match(value):
        return f"{name}={value}"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


def base64_lines(content: bytes) -> bytes:
    """The content as base64 in lines of 76 characters."""
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def with_crlf(raw: bytes) -> bytes:
    """The bytes with every line ended by CR LF: the canonical form of text (RFC 2046, 4.1.1)."""
    return _BARE_LF.sub(b"\r\n", raw)
