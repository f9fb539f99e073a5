"""Bodies that a system posted, read by the paths and the mapping of its flow."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from crossdock.connectors.http.flows import FlowIn, System
from crossdock.faults import Misconfigured, Unreadable
from crossdock.formats import json
from crossdock.kit.bounds import ID_CHARS_MAX, VERSION_MAX
from crossdock.kit.connector import Content, Draft, Facts, Tools, Tree
from crossdock.mapping.path import Path
from crossdock.mapping.rule import Rule

_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HttpReader:
    """Reads one document of one system. Pure for a fixed clock and fixed crosswalks."""

    def __init__(self, document: str, system: System, flow: FlowIn, tools: Tools) -> None:
        """Raises Misconfigured."""
        where = f"systems.{system.name}.in.{document}"
        if not flow.id:
            raise Misconfigured("the flow has no id", path=where, fix="write `id:` with the path of the id")
        self._document = document
        self._system = system
        self._flow = flow
        self._tools = tools
        self._id = Path(flow.id)
        self._version = Path(flow.version) if flow.version else None
        self._order_by = Path(flow.order_by) if flow.order_by else None
        self._rule = Rule(tools.file(flow.map), file=flow.map, optional=flow.optional) if flow.map else None

    def facts(self, content: Content) -> Facts:
        """Id, version and ordering key by their paths.

        Raises Unreadable: 400 for no JSON, 422 for a path without value.
        """
        tree = self._tree(content)
        return Facts(
            id=self._id_of(tree, content.body),
            version=self._version_of(tree, self._version) if self._version else None,
            order_by=self._key_of(tree, self._order_by) if self._order_by else None,
            parsed=tree,
        )

    def read(self, content: Content) -> Sequence[Draft]:
        """The one document of the body, mapped. Raises Invalid, Unmapped."""
        tree = self._tree(content)
        tools = self._tools
        if self._rule is None:
            return (Draft(self._document, tree, self._id_of(tree)),)
        tools.reads()  # what an earlier call left behind is not ours
        seed = zlib.crc32(content.body)
        ours = self._rule.run(
            tree, ours=tools.ours, theirs=tools.theirs, convert=tools.convert, now_s=tools.now(), seed=seed
        )
        return (Draft(self._document, ours, self._id_of(tree), reads=tools.reads()),)

    def same(self, one: Content, other: Content) -> bool:
        """Equal JSON without `ignore`; white space and key order do not count, numbers compare by decimal value."""
        return json.same(self._tree(one), self._tree(other), ignore=self._flow.ignore)

    def _tree(self, content: Content) -> Tree:
        """The body as a tree, decoded at most once. Raises Unreadable."""
        tree = content.parsed if content.parsed is not None else json.decode(content.body)
        if not isinstance(tree, dict):
            raise Unreadable(
                "the body is not a JSON object", status=422, path=self._flow.id or "",
                fix="send one document as an object",
            )  # fmt: skip
        return tree  # pyright: ignore[reportUnknownVariableType]

    def _id_of(self, tree: Tree, body: bytes = b"") -> str:
        found = self._id.value(tree)
        text = _text(found)
        if text is not None and not isinstance(found, str) and body and text.encode() not in body:
            # 1e3 or -0: its digits are not those that were written, and two such ids could become one.
            text = None
        if not text or len(text) > ID_CHARS_MAX or not text.isprintable():
            raise Unreadable(
                "the document has no id" if found is None else "this cannot be an id",
                status=422, path=self._flow.id or "", value=text and text[:80],
                fix=f"send a string of at most {ID_CHARS_MAX} characters, or a number",
            )  # fmt: skip
        return text

    def _key_of(self, tree: Tree, path: Path) -> str | None:
        """The ordering key; None, the document itself, where there is no value that could be one."""
        text = _text(path.value(tree))
        return text if text and len(text) <= ID_CHARS_MAX and text.isprintable() else None

    def _version_of(self, tree: Tree, path: Path) -> int:
        """An integer as it is, a time as microseconds since 1970. Raises Unreadable."""
        text = _text(path.value(tree))
        found: int | None = None
        if text is not None and _INTEGER.fullmatch(text):
            found = int(text)
        elif text is not None:
            found = self._microseconds(text)
        if found is None or abs(found) > VERSION_MAX:
            raise Unreadable(
                "the document has no version" if text is None else "this is no version",
                status=422, path=self._flow.version or "", value=text and text[:80],
                fix="send an integer, or a time such as 2026-11-22T10:00:00Z",
            )  # fmt: skip
        return found

    def _microseconds(self, text: str) -> int | None:
        """Of an RFC 3339 time; one without a zone is read in the system's zone, if the charter gives one."""
        match = _RFC_3339.fullmatch(text)
        if match is None:
            return None
        day, clock, fraction, zone = match.groups()
        if zone is None and self._system.timezone is None:
            return None
        try:
            at = datetime.fromisoformat(f"{day}T{clock}{(zone or '').upper()}")
        except ValueError:
            return None
        past = (at if at.tzinfo else at.replace(tzinfo=self._system.timezone)) - _EPOCH
        return (past.days * 86_400 + past.seconds) * 1_000_000 + int(((fraction or "") + "000000")[:6])


def _text(value: object) -> str | None:
    """A string as it is, a number by its digits; None for everything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return None
