"""The parts of the reference that are written by the code itself: `python -m docs.generate` renews them.

A page holds `<!-- generated: NAME -->` and `<!-- end -->`; what stands between is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from crossdock import faults
from crossdock.charter import keys
from crossdock.charter.desk import DeskRules
from crossdock.desk import playbook
from crossdock.journal.sql import standing
from crossdock.kit import conformance
from crossdock.kit.registry import connectors
from crossdock.message import incident, states
from crossdock.model import arrival, headline, receiving, reference, returning
from crossdock.model.lifecycle import tables, words
from crossdock.scenario import keys as story
from docs import edi_tables
from docs.tables import key_table, table

DOCS = Path(__file__).resolve().parent
BLOCK = re.compile(r"(<!-- generated: (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def phrases(module: Any) -> dict[str, str]:
    """The `#:` phrase beside each assignment of a module: `EnumName.MEMBER` -> phrase."""
    found: dict[str, str] = {}
    owner = ""
    for line in Path(module.__file__).read_text("utf-8").splitlines():
        if match := re.match(r"class (\w+)", line):
            owner = match.group(1)
        elif match := re.match(r"    (\w+) = .*?#: (.+)$", line):
            found[f"{owner}.{match.group(1)}"] = match.group(2)
    return found


def state_tables() -> Iterator[str]:
    """One table for each kind of state, with the moves each state allows."""
    says = phrases(states)
    kinds: tuple[tuple[str, str, type[Enum], Any], ...] = (
        ("Capture", "bytes as they came", states.CaptureState, states.CAPTURE_MOVES),
        ("Message", "one document in our words", states.MessageState, states.MESSAGE_MOVES),
        (
            "Transmission",
            "a message on its way to one system",
            states.TransmissionState,
            states.TRANSMISSION_MOVES,
        ),
    )
    for title, what, kind, moves in kinds:
        yield f"## {title}: {what}\n\n"
        rows = [("state", "meaning", "may become")]
        for member in kind:
            order = [m for m in kind if m in moves[member]]
            after = ", ".join(f"`{m.name.lower()}`" for m in order) or "nothing: an end"
            rows.append((f"`{member.name.lower()}`", says[f"{kind.__name__}.{member.name}"], after))
        yield from table(*rows)
        yield "\n"
    yield "## Entries of the ledger\n\n"
    kinds_of_entry = [(f"`{k.name}`", says[f"EntryKind.{k.name}"]) for k in states.EntryKind]
    yield from table(("kind", "meaning"), *kinds_of_entry)


def goods_tables() -> Iterator[str]:
    """How far goods have come, what a receipt can be found to be, and what becomes of goods that come back."""
    says = phrases(arrival)
    rows = [(f"`{one.value}`", says[f"Receiving.{one.name}"]) for one in arrival.Receiving]
    yield from table(("goods are", "that means"), *rows)
    yield "\n"
    found = [
        (
            f"`{finding.value}`",
            f"incident `{to.type}`",
            to.fix,
        )
        for finding, to in receiving.CONSEQUENCES.items()
    ]
    yield from table(("a receipt is found", "that leads to", "what to do"), *found)
    yield "\n"
    says = phrases(returning)
    shelves = [
        (
            f"`{one.value}`",
            says[f"Disposition.{one.name}"],
            ", ".join(f"`{status}`" for status in shelf.statuses),
        )
        for one, shelf in returning.SHELVES.items()
    ]
    yield from table(("goods that come back", "that means", "states of stock that fit"), *shelves)


def headline_table() -> Iterator[str]:
    """The words of a story's headline, from the code that chooses them."""
    says = phrases(headline)
    rows = [("word", "of", "meaning")]
    rows += [(f"`{word}`", "any object", meaning) for word, meaning in standing.WORDS.items()]
    rows += [
        (f"`{state.value}`", "an order or a release", says[f"OrderState.{state.name}"])
        for state in headline.OrderState
        if state is not headline.OrderState.PLACED
    ]
    yield from table(*rows)


#: The tables of an order's life with their titles.
LIFE = (
    ("Fulfilment: of each release, and of the order", words.Fulfilment, tables.FULFILMENT),
    ("Billing", words.Billing, tables.BILLING),
    ("Holds: one such table each for fraud, credit and edit window", words.Hold, tables.HOLD),
    ("Cancellation: of each release, and of the order", words.Cancellation, tables.CANCELLATION),
    ("Amendment after the release", words.Amendment, tables.AMENDMENT),
    ("Return", words.Return, tables.RETURN),
)


def lifecycle_tables() -> Iterator[str]:
    """The life of an order: a diagram, the states and the moves of each table."""
    says, needs = phrases(words), phrases(tables)
    for title, states_of, rows in LIFE:
        yield f"### {title}\n\n```mermaid\nstateDiagram-v2\n"
        for row in rows:
            yield f"    {row.before.value} --> {row.after.value}: {row.told.value}\n"
        yield "```\n\n"
        phrase = ((f"`{one.value}`", says[f"{states_of.__name__}.{one.name}"]) for one in states_of)
        yield from table(("state", "meaning"), *phrase)
        yield "\n"
        yield from table(
            ("in", "once told", "becomes", "who makes it", "needs", "sets off"), *map(_move, rows)
        )
        yield "\n"
    yield "### Words, needs and what is set off\n\n"
    heard = ((f"`{one.value}`", says[f"Told.{one.name}"]) for one in words.Told)
    yield from table(("told", "meaning"), *heard)
    for kind, title in ((tables.Need, "need"), (tables.Trigger, "sets off")):
        yield "\n"
        listed = ((f"`{one.value}`", needs[f"{kind.__name__}.{one.name}"]) for one in kind)
        yield from table((title, "meaning"), *listed)


def _move(row: tables.Move) -> tuple[str, ...]:
    unheard = "" if row.implied else " (heard only)"
    return (
        f"`{row.before.value}`",
        f"`{row.told.value}`{unheard}",
        f"`{row.after.value}`",
        row.owner,
        ", ".join(f"`{need.value}`" for need in row.needs),
        ", ".join(f"`{one.value}`" for one in row.triggers),
    )


def incident_table() -> Iterator[str]:
    """Each incident type with owner, severity and the hours until somebody must have looked."""
    rows = [("type", "meaning", "owner", "severity", "look within")]
    for kind in incident.TYPES.values():
        hours = f"{kind.respond_s / 3600:g} h"
        rows.append((f"[`{kind.name}`](#{kind.name})", kind.says, kind.owner, kind.severity, hours))
    yield from table(*rows)


def playbook_pages() -> Iterator[str]:
    """What to do about each type of incident."""
    for name, book in playbook.playbooks().items():
        about = playbook.told(book, DeskRules(), {})
        yield f"## `{name}`\n\n{book.found} {book.harm}\n\n"
        hours = f"{about['respond_s'] / 3600:g} h"
        yield f"Who: {about['owner'].removeprefix('role:').replace('_', ' ')}, within {hours}; {about['severity']}.\n\n"
        for number, step in enumerate(book.steps, 1):
            act = f" [`{step.act}`]" if step.act else ""
            yield f"{number}. {step.says}{act}\n"
        to = {"sender": "the sender", "target": "the target", "inside": "whoever decides here"}[book.to]
        yield f"\nTo {to}:\n\n> {book.message}\n\n"


def charter_keys() -> Iterator[str]:
    """Every key of charter.yaml, section by section, from the tables that the loader checks by."""
    for section, table_of_keys in keys.SECTIONS.items():
        yield f"### {section or 'top of the file'}\n\n"
        yield from key_table(table_of_keys)
        yield "\n"


def example_keys() -> Iterator[str]:
    """Every key of an example beside a mapping."""
    yield from key_table(keys.EXAMPLE)


def scenario_keys() -> Iterator[str]:
    """Every key of a scenario file, section by section."""
    sections = {
        "top of the file": story.SCENARIO, "given": story.GIVEN, "given.systems": story.SYSTEM,
        "given.items": story.ITEM, "given.stock": story.STOCK, "step": story.STEP, "then": story.THEN,
    }  # fmt: skip
    for name, table_of_keys in sections.items():
        yield f"### {name}\n\n"
        yield from key_table(table_of_keys)
        yield "\n"


def scenario_steps() -> Iterator[str]:
    """What each kind of system, and each person, can do in a step."""
    rows = [("who", "does", "meaning", "short for", "with")]
    for verb in story.VERBS:
        who = ", ".join(verb.kinds) or "every system"
        named = [f"`{key.name}`{'' if key.required else '?'}" for key in verb.keys.values()]
        more = [f"any field of `{verb.document}`"] if verb.document else []
        short = f"`{verb.short}`" if verb.short else ""
        rows.append((who, f"`{verb.word}`", verb.says, short, ", ".join([*named, *more])))
    yield from table(*rows)


def scenario_kinds() -> Iterator[str]:
    """What a system of a scenario can be."""
    yield from table(("kind", "what it does"), *((f"`{kind}`", says) for kind, says in story.KINDS.items()))


def fault_tree() -> Iterator[str]:
    """The tree of faults, as the code draws it."""
    drawn = (faults.__doc__ or "").split("\n\n")[1]
    yield f"```text\n{drawn}\n```\n"


def command_pages() -> Iterator[str]:
    """Every command of the terminal with its arguments and options, from Typer."""
    import typer.main

    from crossdock.cli.main import app

    yield from _command(typer.main.get_command(app), "crossdock", 2)


def _command(command: Any, name: str, level: int) -> Iterator[str]:
    """One command and, if it is a group, what stands below it."""
    hidden = getattr(command, "hidden", False)
    if hidden:
        return
    yield f"{'#' * min(level, 4)} {name}\n\n{_plain(command.help)}\n\n"
    rows = [("option", "meaning")]
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or parameter.name in {
            "help",
            "install_completion",
            "show_completion",
        }:
            continue
        rows.append((_spelling(parameter), _plain(getattr(parameter, "help", None))))
    if len(rows) > 1:
        yield from table(*rows)
        yield "\n"
    for below in getattr(command, "commands", {}).values():
        yield from _command(below, f"{name} {below.name}", level + 1)


def _spelling(parameter: Any) -> str:
    """How a parameter is typed: `--site DIR`, or `SYSTEM` for an argument."""
    if parameter.param_type_name == "argument":
        spelled = f"`{(parameter.metavar or parameter.name).upper()}`"
        return spelled if parameter.required else f"{spelled}, optional"
    names = ", ".join(f"`{n}`" for n in [*parameter.opts, *parameter.secondary_opts])
    names += f" {parameter.metavar}" if parameter.metavar else ""
    return names + (f" (`{parameter.envvar}`)" if parameter.envvar else "")


def _plain(text: str | None) -> str:
    """Help text on one line a paragraph, without the escapes of the terminal."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", (text or "").strip()).replace("\\[", "[")


def connector_tables() -> Iterator[str]:
    """Each connector of the package with its documents and fields."""
    for kind, connector in sorted(connectors().items()):
        declared = connector.declaration
        yield f"## {kind}: {declared.title}\n\n{declared.says} Logs in by: {', '.join(declared.auth)}.\n\n"
        rows = [("document", "way", "meaning")]
        rows += [(f"`{one.document}`", f"in, {one.reading.value}", one.says) for one in declared.documents_in]
        rows += [
            (f"`{one.document}`", f"out, in doubt: {one.unclear.value}", one.says)
            for one in declared.documents_out
        ]
        if len(rows) > 1:
            yield from table(*rows)
        else:
            yield "Documents and flows are written in the [charter](charter.md).\n"
        if declared.fields:
            yield "\n"
            yield from table(
                ("field", "type", "default", "meaning"),
                *(
                    (f"`{f.name}`", f.type, _default(f.default, required=f.required), f.says)
                    for f in declared.fields
                ),
            )
        yield "\n"


def _default(value: object, *, required: bool) -> str:
    return "required" if required else f"`{value}`" if value not in (None, ()) else ""


def duty_table() -> Iterator[str]:
    """What every connector owes, from the duties themselves."""
    rows = [("duty", "for", "meaning")]
    for what, duties in conformance.DUTIES.items():
        rows += [(duty.__name__.replace("_", " "), what, _plain(duty.__doc__)) for duty in duties]
    yield from table(*rows)


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "states": state_tables,
    "headlines": headline_table,
    "goods": goods_tables,
    "lifecycle": lifecycle_tables,
    "incident types": incident_table,
    "playbooks": playbook_pages,
    "charter keys": charter_keys,
    "partner keys": edi_tables.partner_profile_keys,
    "partner meanings": edi_tables.partner_meanings,
    "example keys": example_keys,
    "scenario keys": scenario_keys,
    "scenario steps": scenario_steps,
    "scenario kinds": scenario_kinds,
    "faults": fault_tree,
    "documents": reference.document_tables,
    "units": reference.unit_table,
    "commands": command_pages,
    "connectors": connector_tables,
    "duties": duty_table,
    "x12 sets": edi_tables.x12_sets,
    "x12 codes": edi_tables.x12_codes,
    "x12 acknowledgements": edi_tables.x12_acknowledgements,
}


def renewed(text: str) -> str:
    """The page with its generated parts as the code has them now."""

    def part(match: re.Match[str]) -> str:
        return f"{match.group(1)}\n{''.join(PARTS[match.group('name')]()).strip()}\n\n{match.group(3)}"

    return BLOCK.sub(part, text)


def main() -> None:
    """Renews every page that has a generated part."""
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text("utf-8")
        if BLOCK.search(text):
            page.write_text(renewed(text), "utf-8")


if __name__ == "__main__":
    main()
