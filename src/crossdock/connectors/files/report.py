"""What a person reads beside a file: how many documents came of it, and what did not fit."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.connectors.files.reader import FileReader
from crossdock.faults import Fault
from crossdock.kit.connector import Content
from crossdock.model import register

#: Rows that a report names one by one.
NAMED_MAX = 50


@dataclass(frozen=True, slots=True)
class Report:
    """Where a file goes, and the words beside it."""

    box: str  #: archive | failed
    text: str


def judged(name: str, document: str, reader: FileReader, content: Content) -> Report:
    """Reads a file as the hub will, apart from what only its store knows."""
    try:
        drafts = reader.read(content)
    except Fault as fault:
        fix = f"\n{fault.fix}" if fault.fix else ""
        return Report("failed", f"{name}\n\nNothing of this file could be read.\n{fault.says}{fix}\n")
    wrong: list[str] = []
    for draft in drafts:
        try:
            if draft.wrong is not None:
                raise draft.wrong
            register.read(draft.document, draft.tree, declares=lambda _sku, _unit: True)
        except Fault as fault:
            found = draft.locate(fault) if draft.locate is not None else fault
            wrong.append(f"{found.says.removeprefix(f'{name}, ')}" + (f" ({found.fix})" if found.fix else ""))
    good = len(drafts) - len(wrong)
    lines = [name, "", f"{good:,} of {len(drafts):,} {document} taken."]
    if wrong:
        lines += [f"{len(wrong):,} need somebody; each is an incident on the desk:", ""]
        lines += [f"- {one}" for one in wrong[:NAMED_MAX]]
        if len(wrong) > NAMED_MAX:
            lines.append(f"- and {len(wrong) - NAMED_MAX:,} more")
    return Report("failed" if wrong else "archive", "\n".join(lines) + "\n")
