"""JSON text as trees and back: strict, and exact to the digit.

A tree holds dicts, lists, str, bool, None, int, and `decimal.Decimal` for every number that was
written with a fraction or an exponent, so that 10.00 leaves the hub as 10.00. What two parsers
could read differently (the same key twice, another encoding, NaN, numbers without bounds) is
refused at the door. Source: RFC 8259, RFC 7493 (I-JSON).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import msgspec

from crossdock.faults import Unreadable

DEPTH_MAX = 64  #: brackets within brackets
EXPONENT_MAX = 400  #: of a number, either way; no double has more than 324


class _OutOfBounds(Exception):
    """A number has an exponent that nobody can compute with."""


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if -EXPONENT_MAX < number.adjusted() < EXPONENT_MAX:
        return number
    raise _OutOfBounds


_decoder = msgspec.json.Decoder(float_hook=_number)


class _Digits(str):
    """A number with a fraction or an exponent as it was written."""

    __slots__ = ()


_lenient = msgspec.json.Decoder(float_hook=_Digits)
_encoder = msgspec.json.Encoder(decimal_format="number")

_BRANCHES = frozenset({dict, list})
_NO_NUMBER = re.compile("-?(NaN|Infinity)")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+')


def decode(body: bytes) -> Any:
    """The tree that the bytes spell.

    Raises Unreadable with line, column and what to send instead: not UTF-8, a byte order mark, broken
    syntax, NaN or Infinity, the same key twice in one object, more than 64 levels, a number that no
    machine can hold.
    """
    try:
        tree = _decoder.decode(body)
    except (_OutOfBounds, InvalidOperation):
        raise _out_of_bounds(body) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(body, error) from None
    # Every quote that no backslash hides opens or closes a string, and a swallowed key is a missing string.
    written = _encoder.encode(tree)
    if b"\\" in body:
        sure = _shown(written).count(b'"') == _shown(body).count(b'"')
    else:
        sure = written.count(b'"') == body.count(b'"')
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX:
        _check_depth(tree)
    if not sure:
        _refuse_repeated_keys(body)
    return tree


def encode(tree: object) -> bytes:
    """The tree as UTF-8 JSON without white space; a Decimal becomes a number with its own digits."""
    return _encoder.encode(tree)


def same(one: object, other: object, ignore: Iterable[str] = ()) -> bool:
    """Whether two trees say the same, apart from the ignored paths.

    The order of keys does not count and numbers compare by value (10, 10.0 and 1e1 are one). A path
    is dotted field names (`lines.seen_at`); lists on the way are stepped through.
    """
    for path in ignore:
        names = path.split(".")
        one, other = _without(one, names), _without(other, names)
    return _equal(one, other)


def _shown(text: bytes) -> bytes:
    """JSON without the quotes inside its strings: a run of backslashes hides what follows when it is odd."""
    return text.replace(b"\\\\", b"").replace(b'\\"', b"")


def _check_depth(tree: Any) -> None:
    """Raises Unreadable when brackets stand in too many others."""
    level: list[Any] = [tree] if type(tree) in _BRANCHES else []
    for _ in range(DEPTH_MAX):
        below: list[Any] = []
        for node in level:
            inner = cast("dict[str, Any]", node).values() if type(node) is dict else node
            below += [child for child in inner if type(child) in _BRANCHES]
        if not below:
            return
        level = below
    raise Unreadable(
        f"the JSON is nested more than {DEPTH_MAX} levels deep",
        fix=f"send documents of at most {DEPTH_MAX} levels",
    )


def _out_of_bounds(body: bytes) -> Unreadable:
    """Names the number in the (well-formed) text that no system can hold."""
    open_nodes: list[tuple[str, object]] = [("", _lenient.decode(body))]
    while open_nodes:
        path, node = open_nodes.pop()
        if isinstance(node, dict):
            entries = cast("dict[str, object]", node)
            open_nodes += [(f"{path}.{key}" if path else key, value) for key, value in entries.items()]
        elif isinstance(node, list):
            open_nodes += [(f"{path}[{i}]", value) for i, value in enumerate(cast("list[object]", node))]
        elif isinstance(node, _Digits) and _is_out_of_bounds(node):
            break
    else:
        raise AssertionError("a number was refused but never met again")
    return Unreadable(
        f"the number {node[:40]} is beyond what any system can hold",
        path=path,
        value=str(node[:40]),
        fix=f"send numbers whose exponent is within ±{EXPONENT_MAX}",
    )


def _is_out_of_bounds(digits: str) -> bool:
    try:
        _number(digits)
    except (_OutOfBounds, InvalidOperation):
        return True
    return False


def _refuse_repeated_keys(body: bytes) -> None:
    """Raises Unreadable when an object of the (well-formed) text has one key twice."""
    repeated = False

    def members(pairs: Sequence[tuple[str, object]]) -> None:
        nonlocal repeated
        repeated = repeated or len({key for key, _ in pairs}) != len(pairs)

    text = body.decode()
    # Numbers are left as text: only the keys matter here, and a long integer costs much.
    json.loads(text, object_pairs_hook=members, parse_int=str, parse_float=str)
    if not repeated:
        return
    path, key, offset = _first_repeated_key(text)
    line, column = _place(text, offset)
    raise Unreadable(
        f'the key "{key}" stands twice in one object (line {line}, column {column})',
        path=path,
        fix="send each key once: which of the two counts is anyone's guess",
    )


def _first_repeated_key(text: str) -> tuple[str, str, int]:
    """Path, key and offset of the first key that its object already has."""
    frames: list[tuple[str, set[str] | int]] = []  # path and, for an object its keys, for a list the index
    path, key, expect_key = "", "", False
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if expect_key and mark[0] == '"':
            key, expect_key = json.loads(mark), False
            parent, seen = frames[-1]
            path = f"{parent}.{key}" if parent else key
            assert isinstance(seen, set), "a key stands in an object"
            if key in seen:
                return path, key, token.start()
            seen.add(key)
        elif mark == "{":
            frames.append((path, set()))
            expect_key = True
        elif mark == "[":
            frames.append((path, 0))
            path = f"{path}[0]"
        elif mark in "}]":
            path, _ = frames.pop()
            expect_key = False
        elif mark == ",":
            parent, seen = frames[-1]
            if isinstance(seen, set):
                expect_key = True
            else:
                frames[-1] = (parent, seen + 1)
                path = f"{parent}[{seen + 1}]"
    raise AssertionError("a key was counted twice but never met twice")


_OFFSET = re.compile(r" \(byte (\d+)\)$")


def _refusal(body: bytes, error: Exception) -> Unreadable:
    """Why the bytes are no JSON, and what to send instead."""
    if body[:3] == b"\xef\xbb\xbf":
        return Unreadable(
            "the body begins with a byte order mark", fix="send UTF-8 without a byte order mark"
        )
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in body[:4]:
        return Unreadable("the body looks like UTF-16 or UTF-32", fix="send UTF-8")
    if isinstance(error, RecursionError):
        return Unreadable("the JSON is nested too deep", fix=f"send documents of at most {DEPTH_MAX} levels")
    try:
        text = body.decode()
    except UnicodeDecodeError as broken:
        before = body[: broken.start].decode()
        line, column = _place(before, len(before))
        return Unreadable(
            f"the body is not UTF-8: byte 0x{body[broken.start]:02x} (line {line}, column {column})",
            value=f"0x{body[broken.start]:02x}",
            fix="send UTF-8 (the body may be Latin-1 or Windows-1252)",
        )
    return _broken_syntax(body, text, str(error))


def _broken_syntax(body: bytes, text: str, says: str) -> Unreadable:
    """The parser's own words with line and column in place of its byte offset."""
    if not text.strip():
        return Unreadable("the body is empty", fix="send one JSON document")
    if "Integer value out of range" in says or "InvalidOperation" in says:
        return Unreadable(
            "a number in the body is longer than any system can hold", fix="send long codes as strings"
        )
    found = _OFFSET.search(says)
    offset = len(body[: int(found.group(1))].decode(errors="ignore")) if found else len(text)
    line, column = _place(text, offset)
    what = _OFFSET.sub("", says).removeprefix("JSON is malformed: ")
    if _NO_NUMBER.match(text, offset):
        what = "NaN and Infinity are no numbers"
    elif "truncated" in what:
        what = "it breaks off, or an escape in it is incomplete"
    return Unreadable(
        f"the body is not JSON: {what} (line {line}, column {column})",
        fix="send one JSON document as RFC 8259 has it",
    )


def _place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset in the text."""
    offset = min(offset, len(text))
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1


def _without(node: object, names: Sequence[str]) -> object:
    """The tree without the field that the names lead to; shares what it leaves alone."""
    if isinstance(node, list):
        return [_without(item, names) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    entries = cast("dict[str, object]", node)
    first, rest = names[0], names[1:]
    if first not in entries:
        return entries
    if not rest:
        return {key: value for key, value in entries.items() if key != first}
    return {**entries, first: _without(entries[first], rest)}


def _equal(one: object, other: object) -> bool:
    """Equality of JSON values. Python alone would call `true` and 1 the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        ours, theirs = cast("dict[str, object]", one), cast("dict[str, object]", other)
        return ours.keys() == theirs.keys() and all(_equal(ours[key], theirs[key]) for key in ours)
    if isinstance(one, list) and isinstance(other, list):
        left, right = cast("list[object]", one), cast("list[object]", other)
        return len(left) == len(right) and all(map(_equal, left, right))
    return isinstance(one, bool) == isinstance(other, bool) and one == other
