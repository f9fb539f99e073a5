"""Files that a system left for us: one capture each, read into a document for each row or group of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import quote, unquote

from crossdock.connectors.files.flows import System
from crossdock.connectors.files.rows import Origin, RowReader
from crossdock.faults import Fault, Invalid, Misconfigured, Unreadable
from crossdock.formats.table import Row
from crossdock.kit.connector import Content, Draft, Facts, Tools, Tree
from crossdock.model import register
from crossdock.model.document import DocumentClass

#: Where the rows of a file that cannot be taken as they lie are told of, beside its rows.
_WRONG, _COLUMNS, _BROKEN = "#wrong", "#columns", "#broken"


class FileReader:
    """Reads the files of one flow. Pure but for what it looks up."""

    def __init__(self, document: str, system: System, tools: Tools) -> None:
        """Raises Misconfigured."""
        flow = system.flow_in(document)
        where = f"systems.{system.name}.in.{document}"
        if flow is None or flow.file is None:
            raise Misconfigured(
                f"{system.name} has no inbound files of {document}", path=where,
                fix=f"add `- {{document: {document}, id: …, file: {{match: '*.csv'}}}}`",
            )  # fmt: skip
        if not flow.id:
            raise Misconfigured("the flow has no id", path=where, fix="write `id:` with the column of the id")
        self._rows = RowReader(document, flow.file, tools, id=flow.id, map=flow.map, optional=flow.optional)
        self._document = document
        self._is_state = register.class_of(document) is DocumentClass.STATE

    def facts(self, content: Content) -> Facts:
        """The file by its content; a file of states by its flow, so that the same again later is news after others.

        Never refuses: a file that nobody can read goes to the desk, and holds no other up.
        """
        digest = hashlib.sha256(content.body).hexdigest()
        return Facts(id=self._document if self._is_state else digest, parsed=self.parsed(content))

    def read(self, content: Content) -> Sequence[Draft]:
        """A draft for each document in the file, those that are wrong among them. Raises Invalid for no file at all."""
        tree = cast(Tree, content.parsed) if content.parsed is not None else self.parsed(content)
        name = name_of(content.content_type)
        if _BROKEN in tree:
            told = tree[_BROKEN]
            raise Invalid(
                f"{name}: {told['says']}", path=told["path"] or "file", value=told["value"], fix=told["fix"],
                type="poison",
            )  # fmt: skip
        origin = Origin(name, hashlib.sha256(content.body).hexdigest(), tree.get(_COLUMNS, ()))
        return list(self._rows.drafts(self._lines(tree), origin))

    def same(self, one: Content, other: Content) -> bool:
        """Whether two files are equal, byte for byte."""
        return one.body == other.body

    def parsed(self, content: Content) -> Tree:
        """The rows by their place, as they were written: `{"line_2": {"sku": "A-1"}}`; never a fault."""
        place = self._rows.forms.place
        tree: dict[str, Any] = {}
        wrong: dict[str, Any] = {}
        try:
            table = self._rows.forms.table(content.body)
            for row in table.rows:
                name = f"{place}_{row.line}"
                while name in tree:
                    name += "+"  # two elements on one line of XML
                tree[name] = row.values
                if row.wrong is not None:
                    wrong[name] = _told(row.wrong)
        except Fault as fault:
            return {_BROKEN: _told(fault)}
        if wrong:
            tree[_WRONG] = wrong
        if table.columns:
            tree[_COLUMNS] = list(table.columns)
        return tree

    @staticmethod
    def _lines(tree: Tree) -> Iterator[Row]:
        wrong = tree.get(_WRONG, {})
        for name, values in tree.items():
            if name.startswith("#"):
                continue
            line = int(name.rstrip("+").rpartition("_")[2])
            told = wrong.get(name)
            yield Row(
                line,
                dict(cast(Tree, values)) if isinstance(values, dict) else {},
                Invalid(**told) if told else None,
            )


def _told(fault: Fault) -> dict[str, Any]:
    value = fault.value if fault.value is None else str(fault.value)[:200]
    return {"says": fault.says, "path": fault.path, "value": value, "fix": fault.fix or "send the file anew"}


def kind_of(name: str, kind: str) -> str:
    """The content type of a file, with its name for people."""
    return f'{kind}; name="{quote(name)}"'


def name_of(content_type: str) -> str:
    """The name of the file in a content type."""
    _, _, named = content_type.partition('name="')
    return unquote(named.partition('"')[0]) or "the file"


def readable(reader: FileReader, content: Content) -> str:
    """Why nobody can read a file at all; "" when somebody can."""
    try:
        reader.read(content)
    except (Invalid, Unreadable) as fault:
        return fault.says
    return ""
