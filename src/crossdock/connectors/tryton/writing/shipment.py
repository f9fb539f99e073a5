"""What the warehouse shipped, told to Tryton: quantities and lots, packages with tracking, goods issue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.units import Units
from crossdock.connectors.tryton.wire import (
    Row,
    call,
    first,
    found_rows,
    method_of,
    params_of,
    result,
    rows,
    their_float,
)
from crossdock.connectors.tryton.writing.packing import packing
from crossdock.connectors.tryton.writing.release import (
    FIELDS,
    Move,
    Release,
    Taken,
    amounts,
    by_origin,
    taken,
)
from crossdock.faults import Rejected
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Tree, Unclear

_SHIPMENT = "model.stock.shipment.out"
_LOOK = f"{_SHIPMENT}.search_read"
_LOTS = "model.stock.lot.search_read"
_TYPES = "model.stock.package.type.search_read"
_EXCHANGES_MAX = 40
_AFTER_WRITE = {"waiting": "assign_try", "picked": "pack", "packed": "do", "shipped": "do"}


class ShipmentWriter:
    """Leads a shipment of Tryton from released to done, as the warehouse left it.

    waiting -(quantities and lots)-> assigned -> picked -(packages, tracking)-> packed -> done. What comes next
    is chosen from a look at how things stand, so a dialogue that was cut off anywhere goes on when it is
    begun anew, one that had ended does nothing, and none ends without having seen the goods issue. The
    rest of a short line Tryton puts on a new shipment by itself.
    """

    unclear = Unclear.FIND
    settle_s = 10.0

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools
        self._units = Units(tools, by_crosswalk="unit" in settings.crosswalks)

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        self._tools.reads()  # each step looks up all that it rests on
        if job.tree.get("complete") is False:
            raise Rejected(
                "Tryton closes a shipment with its first goods issue and moves the rest to a new one",
                path="complete", value=False, fix="let the warehouse report a short shipment as complete",
            )  # fmt: skip
        if len(exchanges) >= _EXCHANGES_MAX:
            raise Rejected("the shipment does not move on in Tryton", fix="look at it in Tryton, then retry")
        if not exchanges:
            return self._look(job)
        last = exchanges[-1]
        result(last.ask, last.answer)
        release = self._seen(job, exchanges)
        if last.ask.safe:
            return self._next(job, release, exchanges)
        button = _follows(last.ask, release)
        return self._button(button, release) if button else self._look(job)

    def find(self, job: Job) -> Ask | None:
        """A look at the shipment."""
        return self._look(job)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the goods left in Tryton just as the document says. Raises TryLater."""
        row = first(found_rows(self._look(job), answer))
        if row is None:
            return None
        release = Release.of(row)
        if release.state != "done" or amounts(release.sends) != amounts(
            taken(job.tree["lines"], release, self._units)
        ):
            return None
        return self._done(release)

    def _look(self, job: Job) -> Ask:
        their_id = job.parent_ids.get("warehouse_order", "")
        domain = (
            ["id", "=", int(their_id)]
            if their_id.isdigit()
            else ["number", "=", job.tree.get("warehouse_order")]
        )
        return self._call(_LOOK, [domain], 0, 2, [["id", "ASC"]], FIELDS)

    def _seen(self, job: Job, exchanges: Sequence[Exchange]) -> Release:
        row = first(_latest(exchanges, _LOOK))
        if row is None:
            number = job.tree.get("warehouse_order")
            raise Rejected(
                f"Tryton has no shipment {number}",
                path="warehouse_order",
                value=number,
                fix="check the number",
            )
        return Release.of(row)

    def _next(self, job: Job, release: Release, exchanges: Sequence[Exchange]) -> Ask | Done:
        """What follows from how the shipment stands. Pure."""
        shipped = taken(job.tree["lines"], release, self._units)
        match release.state:
            case "waiting" | "assigned":
                return self._before_pick(release, shipped, exchanges)
            case "picked":
                _refuse_other(release, release.sends, shipped)
                return self._packed(job.tree, release, exchanges)
            case "packed" | "shipped":
                _refuse_other(release, release.sends, shipped)
                return self._papers(job.tree, release) or self._button("do", release)
            case "done":
                _refuse_other(release, release.sends, shipped)
                return self._papers(job.tree, release) or self._done(release)
            case _:
                raise Rejected(
                    f"{release.number} is {release.state} in Tryton", path="warehouse_order", value=release.number,
                    fix="bring the goods back, or release the order again in Tryton",
                )  # fmt: skip

    def _done(self, release: Release) -> Done:
        return Done(str(release.id), f"{release.number} is done", reads=self._tools.reads())

    def _before_pick(self, release: Release, shipped: Sequence[Taken], exchanges: Sequence[Exchange]) -> Ask:
        if not release.picks:
            raise Rejected(
                f"{release.number} has no picking moves: its warehouse ships from storage",
                fix="give the warehouse an output zone in Tryton",
            )
        if amounts(release.picks) == amounts(shipped):
            if release.state == "assigned":
                return self._button("pick", release)
            _refuse_short_stock(release, exchanges)
            return self._button("assign_try", release)
        if any(move.state == "assigned" for move in release.picks):
            return self._button("wait", release)  # quantities of assigned moves are closed
        numbers = sorted({part.lot for part in shipped if part.lot})
        if numbers and not _asked(exchanges, _LOTS):
            return self._call(_LOTS, [["number", "in", numbers]], 0, None, None, ["number", "product"])
        lots = {(row["product"], row["number"]): row["id"] for row in _latest(exchanges, _LOTS)}
        return self._write(release, {"inventory_moves": _changes(release, shipped, lots)})

    def _packed(self, tree: Tree, release: Release, exchanges: Sequence[Exchange]) -> Ask:
        packages: Sequence[Tree] = tree.get("packages") or ()
        if not packages or release.has_packages or not amounts(release.sends):
            return self._papers(tree, release) or self._button("pack", release)
        plan = packing(packages, release, self._units)
        if plan.splits:
            return self._write(release, {"outgoing_moves": _splits(plan.splits)})
        if not _asked(exchanges, _TYPES):
            return self._call(_TYPES, [["name", "=", self._settings.package_type]], 0, 1, None, ["name"])
        kind = first(_latest(exchanges, _TYPES))
        if kind is None:
            name = self._settings.package_type
            raise Rejected(
                f"Tryton has no package type {name}", fix="add it in Tryton, or name another in the charter"
            )
        made = [
            _package(package, kind["id"], moves)
            for package, moves in zip(packages, plan.contents, strict=True)
            if moves  # Tryton has no empty packages
        ]
        return self._write(release, {"packages": [["create", made]], **_papers(tree, release)})

    def _papers(self, tree: Tree, release: Release) -> Ask | None:
        """Our number and the carrier's onto the shipment, where they are not there yet."""
        missing = _papers(tree, release)
        return self._write(release, missing) if missing else None

    def _write(self, release: Release, values: Mapping[str, object]) -> Ask:
        return self._call(f"{_SHIPMENT}.write", [release.id], values, company=release.company, safe=False)

    def _button(self, name: str, release: Release) -> Ask:
        return self._call(f"{_SHIPMENT}.{name}", [release.id], company=release.company, safe=False)

    def _call(self, method: str, *params: object, company: int | None = None, safe: bool = True) -> Ask:
        return call(self._settings.database, method, *params, company=company, safe=safe)


def _changes(release: Release, shipped: Sequence[Taken], lots: Mapping[tuple[int, str], int]) -> list[object]:
    """The picking moves as the warehouse picked: one per lot, lines that were left out at nothing."""
    changes: list[object] = []
    for origin, moves in by_origin(release.picks):
        parts = [part for part in shipped if part.origin == origin]
        for index, part in enumerate(parts):
            values = _move_values(part, moves[0], lots)
            if index < len(moves):
                changes.append(["write", [moves[index].id], values])
            else:
                changes.append(["create", [{**_copied(moves[0], release), **values}]])
        changes += [["write", [move.id], {"quantity": 0.0}] for move in moves[len(parts) :]]
    return changes


def _move_values(part: Taken, move: Move, lots: Mapping[tuple[int, str], int]) -> dict[str, object]:
    values: dict[str, object] = {"quantity": their_float(part.quantity), "unit": part.unit}
    if part.lot is not None:
        lot = lots.get((move.product, part.lot))
        if lot is None:
            raise Rejected(
                f"Tryton has no lot {part.lot} of {move.sku}",
                path=f"{part.path}.lot", value=part.lot, fix="enter the lot in Tryton, or mend it here",
            )  # fmt: skip
        values["lot"] = lot
    return values


def _copied(move: Move, release: Release) -> dict[str, object]:
    shared = {name: move.raw[name] for name in ("origin", "product", "from_location", "to_location")}
    return {**shared, "shipment": f"stock.shipment.out,{release.id}", "company": release.company}


def _splits(splits: Mapping[int, tuple[object, ...]]) -> list[object]:
    changes: list[object] = []
    for id_, parts in splits.items():
        first_part, *others = [their_float(part) for part in parts]  # type: ignore[arg-type]
        changes.append(["write", [id_], {"quantity": first_part}])
        changes += [["copy", [id_], {"quantity": part}] for part in others]
    return changes


def _package(package: Tree, kind: int, moves: Sequence[int]) -> Row:
    # Tryton numbers packages itself, so the label's SSCC stands in for a carrier's number that is missing.
    reference = package.get("tracking") or package.get("sscc")
    return {"type": kind, "moves": [["add", list(moves)]], "shipping_reference": reference}


def _papers(tree: Tree, release: Release) -> dict[str, object]:
    missing: dict[str, object] = {}
    tracking = tree.get("tracking") or " ".join(
        dict.fromkeys(
            package["tracking"] for package in tree.get("packages") or () if package.get("tracking")
        )
    )
    if tracking and release.tracking != tracking:
        missing["shipping_reference"] = tracking
    if not release.reference:  # what a person wrote there stays
        missing["reference"] = tree["number"]
    return missing


def _refuse_other(release: Release, moves: Sequence[Move], shipped: Sequence[Taken]) -> None:
    ours, theirs = amounts(shipped), amounts(moves)
    if ours == theirs:
        return
    origin, lot = min(ours.items() ^ theirs.items(), key=str)[0]
    named = next((move.sku for move in moves if move.origin == origin), origin)
    raise Rejected(
        f"{release.number} is already {release.state} in Tryton with other quantities: "
        f"{named}{f' lot {lot}' if lot else ''} {theirs.get((origin, lot), 0)}, here {ours.get((origin, lot), 0)}",
        path="lines", fix="correct the stock in Tryton by hand, then close this",
    )  # fmt: skip


def _refuse_short_stock(release: Release, exchanges: Sequence[Exchange]) -> None:
    """Asking a second time would give the same answer: the books say there is less than was picked."""
    if not _asked(exchanges, f"{_SHIPMENT}.assign_try"):
        return
    short = ", ".join(sorted({move.sku for move in release.picks if move.state == "draft"}))
    raise Rejected(
        f"by Tryton's books there is too little stock of {short} for {release.number}",
        path="lines", value=short, fix="count the stock in Tryton, then retry",
    )  # fmt: skip


def _follows(change: Ask, release: Release) -> str | None:
    """The button that follows a change without another look; the last look of all tells whether it worked."""
    name = method_of(change).rpartition(".")[2]
    if name == "write":
        written = params_of(change)[1]
        # Moves that were split have ids that only a look tells.
        return None if "outgoing_moves" in written else _AFTER_WRITE.get(release.state)
    return "do" if name == "pack" else None


def _asked(exchanges: Sequence[Exchange], method: str) -> bool:
    return any(method_of(exchange.ask) == method for exchange in exchanges)


def _latest(exchanges: Sequence[Exchange], method: str) -> list[Row]:
    for exchange in reversed(exchanges):
        if method_of(exchange.ask) == method:
            return rows(exchange.ask, exchange.answer)
    return []
