"""Playbooks: for each type of incident how it is found, who acts by when, in which steps, and what to write."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from crossdock.charter.desk import DeskRules
from crossdock.faults import Invalid
from crossdock.message.incident import TYPES
from crossdock.pipeline.restored import SAYS

#: What a step may be bound to: an act of the desk, or the place where the facts are.
ACTS = frozenset(
    {"fix", "row", "retry", "resolve", "assign", "story", "system", "stock", "charter", "message"}
)
#: Whom the message of a playbook is for.
ADDRESSEES = ("sender", "target", "inside")
_NONE = "—"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `act` names the button for it, if there is one."""

    says: str
    act: str | None = None


@dataclass(frozen=True, slots=True)
class Playbook:
    """What to do about one type of incident."""

    type: str
    found: str
    harm: str
    to: str  #: sender | target | inside
    steps: tuple[Step, ...]
    message: str


@cache
def playbooks(language: str = "en") -> Mapping[str, Playbook]:
    """Every playbook by its type."""
    text = resources.files("crossdock.desk").joinpath(f"playbooks.{language}.toml").read_text("utf-8")
    return {type_: _read(type_, values) for type_, values in tomllib.loads(text).items()}


def _read(type_: str, values: Mapping[str, Any]) -> Playbook:
    steps = tuple(Step(one["do"], one.get("act")) for one in values["steps"])
    return Playbook(type_, values["found"], values["harm"], values["to"], steps, values["message"])


def playbook(type_: str) -> Playbook:
    """The playbook of a type. Raises Invalid."""
    found = playbooks().get(type_)
    if found is None:
        known = ", ".join(playbooks())
        raise Invalid(f"there is no playbook {type_[:40]}", path="type", value=type_, fix=f"one of: {known}")
    return found


def playbook_of(item: Mapping[str, Any]) -> Playbook | None:
    """The playbook of an incident: its type's, or that of a doubt which comes from a restore."""
    book = playbooks().get(item["type"])
    if book is not None and book.type == "in_doubt" and SAYS in str(item["says"]):
        return replace(playbooks()["restored"], type=book.type)
    return book


def told(book: Playbook, rules: DeskRules, owners: Mapping[str, str]) -> dict[str, Any]:
    """A playbook as it holds on a site: who acts by when, who is next, the steps, the text of the message."""
    about = TYPES.get(book.type)
    severity = rules.severity(book.type, about.severity if about else "high")
    respond_s = rules.respond_s(book.type, severity, about.respond_s if about else 3600)
    return {
        "type": book.type,
        "says": about.says if about else book.found.partition(":")[0],
        "found": book.found,
        "harm": book.harm,
        "severity": severity,
        "owner": owners.get(book.type, about.owner if about else "role:operations"),
        "respond_s": respond_s,
        "escalate": list(rules.chain(book.type, severity)),
        "steps": [{"says": step.says, "act": step.act} for step in book.steps],
        "to": book.to,
        "message": book.message,
    }


def filled(text: str, item: Mapping[str, Any], site: str) -> str:
    """A text of a playbook with the facts of an incident in it; what is not known is a dash."""
    answer: Mapping[str, Any] = item.get("answer") or {}
    facts = {
        "number": item["number"], "document": str(item["object"]).replace("_", " "), "value": item["value"],
        "path": item["path"], "says": str(item["says"]).rstrip("."), "fix": item["fix"], "system": item["system"],
        "members": item["members"], "since": str(item["opened_at"])[:16].replace("T", " ") + " UTC",
        "due": str(item["due_at"])[:16].replace("T", " ") + " UTC", "id": f"{site} {item['id']}", "site": site,
        "answer":  f"Your answer: {str(answer['body']).rstrip('.')}." if answer.get("body") else "",
    }  # fmt: skip
    shown = {
        name: _NONE if value in (None, "") and name != "answer" else value for name, value in facts.items()
    }
    # The facts are not read as a template: a brace in a value stays a brace.
    return " ".join(text.format_map(shown).split())


def with_facts(
    book: Playbook, item: Mapping[str, Any], rules: DeskRules, owners: Mapping[str, str], site: str
) -> dict[str, Any]:
    """A playbook beside the facts of one incident."""
    shown = told(book, rules, owners)
    return shown | {
        "message": filled(book.message, item, site),
        "steps": [{"says": step.says, "act": step.act, "may": _may(step, item)} for step in book.steps],
    }


def _may(step: Step, item: Mapping[str, Any]) -> bool:
    """Whether a step can be done now: an act of the desk only while the incident is open and knows it."""
    if step.act in ("fix", "retry", "resolve", "assign"):
        return step.act in item["acts"]
    return True if step.act != "row" else "fix" in item["acts"]
