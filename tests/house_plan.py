"""The plan of the house as data: rooms, who may import whom, bounds, and the exceptions with their reasons."""

from __future__ import annotations

#: Rooms that a room may import. A room is a folder of src/crossdock, or one of the single files.
#: `docs/why/0006-rooms-and-imports.md` says why the floors lie as they do.
BELOW_THE_PIPELINE = "faults model message mapping charter stock journal kit"
UP_TO_THE_PIPELINE = f"{BELOW_THE_PIPELINE} pipeline"
SHOWN = (
    f"{UP_TO_THE_PIPELINE} access desk reconciliation rehearsal governance tenancy control settings assembly"
)

MAY_IMPORT: dict[str, frozenset[str]] = {
    room: frozenset(rooms.split())
    for room, rooms in {
        "faults": "",
        "model": "faults",
        "formats": "faults",
        "message": "faults model",
        "mapping": "faults model",
        # a charter is checked with the mappings and crosswalks that its flows name, and with the EDI grammars
        # that its partner profiles narrow; it names the rules that stock is promised by
        "charter": "faults model mapping formats stock",
        "stock": "faults model",
        "kit": "faults model mapping",
        # transport implements the client that kit describes
        "transport": "faults kit",
        # a journal keeps reservations as the rules of stock know them
        "journal": "faults model message stock",
        # people and their accounts, kept in the journal; it knows no document
        "access": "faults message journal",
        # never a sibling, never the pipeline
        "connectors": "faults model mapping formats transport kit",
        # never connectors, formats, transport
        "pipeline": BELOW_THE_PIPELINE,
        # what lies below them; never connectors
        "desk": UP_TO_THE_PIPELINE,
        "reconciliation": UP_TO_THE_PIPELINE,
        "rehearsal": UP_TO_THE_PIPELINE,
        "governance": UP_TO_THE_PIPELINE,
        "tenancy": UP_TO_THE_PIPELINE,
        "control": UP_TO_THE_PIPELINE,
        # a face speaks the vendor's words, never our pipeline
        "twins": "faults model formats transport kit",
        "settings": "faults",
        # the one place that chooses and wires
        "assembly": f"{UP_TO_THE_PIPELINE} desk reconciliation rehearsal governance tenancy control"
        " formats transport connectors settings",
        # a copy of all that a site knows, and how it comes back
        "backup": f"{UP_TO_THE_PIPELINE} access governance settings assembly",
        # a first load: rows read as the files connector reads them, handed in through the whole wiring
        "loading": f"{UP_TO_THE_PIPELINE} formats connectors settings assembly",
        # assembly and what they show; no rule of the business lives here
        "api": SHOWN,
        # it puts a partner's interchange into the words of its standard
        "console": f"{SHOWN} api formats",
        # the real hub, and the intake before it, between twins: what a story asks for is seen at both ends
        "scenario": f"{SHOWN} api twins",
        # `python -m crossdock`
        "__main__": "cli",
        # it reads EDI files as they lie, with no hub between
        "cli": f"{SHOWN} api console twins scenario backup formats loading",
    }.items()
}

#: Rooms in which the clock and the dice are passed in, never reached for.
PURE_ROOMS = frozenset({"model", "formats", "message", "charter", "mapping", "stock", "pipeline"})

#: Rooms that may print to the terminal.
PRINTING_ROOMS = frozenset({"cli"})

#: Names that say nothing; look for the noun.
EMPTY_NAMES = frozenset(
    {"utils", "util", "common", "helpers", "helper", "base", "manager", "managers", "misc", "shared", "tools"}
)

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

#: (rule, where) -> why it stands all the same. An entry that nothing needs any more fails the test.
EXCEPTIONS: dict[tuple[str, str], str] = {}

#: Written in two pieces, so that this file passes its own rule. Each is a regular expression.
WORDS_NOT_OURS = tuple(
    left + right
    for left, right in (
        (r"(?<![\w.}])/t", r"mp\b"),
        (r"(?<![\w.}])/wo", r"rk/"),
        (r"(?<![\w.}])/ro", r"ot\b"),
        (r"(?<![\w.}])/ho", r"me/\w"),
        (r"(?i)\bcla", r"ude\b"),
        (r"(?i)\banth", r"ropic\b"),
        (r"(?i)\bchat", r"gpt\b"),
        (r"(?i)extra-index", r"-url"),
    )
)
