"""Numbers that took the place of others: what goes by an old one is read as what it is called now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from crossdock.charter.charter import Charter
from crossdock.faults import Invalid, Waits
from crossdock.message.records import Message
from crossdock.model.documents.renumbering import NumberChange

ITEM, PARTY = "item", "party"
#: Changes in a row that one number may have gone through.
CHAIN_MAX = 50
#: Documents that ask for goods: of a superseded item they get the one that took its place.
ASKING = frozenset({"sales_order", "purchase_order", "reservation"})
#: Fields that name a party by a reference, and those that name it bare.
_PARTIES = frozenset({"customer", "supplier", "bill_to"})


class Told(Protocol):
    """What is asked of the store."""

    def number_changes(self) -> Sequence[Message]:
        """Every change that was taken, in order."""
        ...

    def number_changes_version(self) -> int:
        """A number that rises with every change."""
        ...

    def hub_of_number(self, document: str, number: str) -> tuple[int, int, str, int] | None:
        """See Journal."""
        ...

    def item(self, sku: str) -> Message | None:
        """See Journal."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What took a number's place, and how."""

    new: str
    how: str
    number: str


class Numbers:
    """Every change of a number, as the store has it and the batch adds to it."""

    def __init__(self, store: Told) -> None:
        self._store = store
        self._version = -1
        self._changes: dict[tuple[str, str], Change] = {}
        self._former: dict[tuple[str, str], list[str]] = {}

    def refresh(self) -> None:
        """Reads anew what was taken since, here or by another host."""
        version = self._store.number_changes_version()
        if version == self._version:
            return
        self._changes.clear()
        self._former.clear()
        for message in self._store.number_changes():
            self.learn(message.tree)
        self._version = version

    def learn(self, tree: Mapping[str, Any]) -> None:
        """One change that was taken."""
        key = tree["object"], tree["old"]
        self._changes[key] = Change(tree["new"], tree["how"], tree["number"])
        if tree["how"] != "supersede":
            former = self._former.setdefault((tree["object"], tree["new"]), [])
            if tree["old"] not in former:
                former.append(tree["old"])

    @property
    def any(self) -> bool:
        """Whether any number was ever changed."""
        return bool(self._changes)

    @property
    def renamed(self) -> Mapping[str, str]:
        """Items that are the same under another number now: old to newest."""
        items = [
            old for (kind, old), change in self._changes.items() if kind == ITEM and change.how == "rename"
        ]
        return {old: self.now(ITEM, old) for old in items}

    def now(self, kind: str, number: str, *, asked: bool = False) -> str:
        """What a number is called now; `asked`: what is delivered where it is asked for."""
        for _ in range(CHAIN_MAX):
            change = self._changes.get((kind, number))
            if change is None or (change.how == "supersede" and not asked):
                break
            number = change.new
        return number

    def formers(self, kind: str, number: str) -> list[str]:
        """Every number that something had before, the latest first."""
        found: list[str] = []
        todo = list(self._former.get((kind, number), ()))
        while todo and len(found) < CHAIN_MAX:
            old = todo.pop()
            if old not in found:
                found.append(old)
                todo += self._former.get((kind, old), ())
        return found

    def item(self, sku: str) -> Message | None:
        """What the item master last told of an item, under whatever number."""
        found = self._store.item(sku)
        if found is None and self._changes:
            known = (self._store.item(old) for old in self.formers(ITEM, sku))
            found = next(filter(None, known), None)
        return found

    # -- documents -----------------------------------------------------------

    def applied(self, document: str, tree: dict[str, Any], *, fresh: bool = False) -> dict[str, Any]:
        """A document with the numbers of today; `fresh`: nothing was told of it before, so it may be delivered anew."""
        if not self._changes or document == NumberChange.kind:
            return tree
        changed = self._walk(tree, asked=fresh and document in ASKING)
        if document == PARTY and "id" in changed:
            changed |= {"id": tree["id"]}  # what is merged away keeps its own record
        return changed

    def _walk(self, tree: dict[str, Any], *, asked: bool) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in tree.items():
            if name in ("sku", "variant_of") and isinstance(value, str):
                made[name] = self.now(ITEM, value, asked=asked)
            elif name in _PARTIES and isinstance(value, str):
                made[name] = self.now(PARTY, value)
            elif name in _PARTIES and isinstance(value, dict) and isinstance(cast(Any, value).get("id"), str):
                party = cast("dict[str, Any]", value)
                made[name] = party | {"id": self.now(PARTY, party["id"])}
            elif isinstance(value, dict) and name != "extra":
                made[name] = self._walk(cast("dict[str, Any]", value), asked=asked)
            elif isinstance(value, list):
                made[name] = [
                    self._walk(cast("dict[str, Any]", one), asked=asked) if isinstance(one, dict) else one
                    for one in cast("list[Any]", value)
                ]
            else:
                made[name] = value
        return made

    # -- new changes ---------------------------------------------------------

    def check(self, change: NumberChange, charter: Charter) -> None:
        """Raises Invalid for a change that leads in a circle or two ways, Waits for one of what is not known yet."""
        known = self._changes.get((change.object, change.old))
        if known is not None and known.number != change.number and known.new != change.new:
            raise Invalid(
                f"{change.old} has given way to {known.new} already", path="new", value=change.new,
                fix=f"change {known.new} instead, or resolve with a reason", type="bad_transition",
            )  # fmt: skip
        if self.now(change.object, change.new, asked=True) == change.old:
            raise Invalid(
                f"{change.old} would take its own place: {change.new} has given way to it", path="new",
                value=change.new, fix="name a number that was not used before, or resolve with a reason",
                type="bad_transition",
            )  # fmt: skip
        must_be = [change.old] if change.how == "rename" else [change.old, change.new]
        for number in must_be if change.object in charter.objects else ():
            if self._store.hub_of_number(change.object, number) is None:
                raise Waits(
                    f"{change.number} came before {change.object} {number}", kind=change.object, number=number,
                    fix=f"send {change.object} {number} and retry, or resolve with a reason",
                )  # fmt: skip
