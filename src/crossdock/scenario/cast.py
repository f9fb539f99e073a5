"""Who takes part: the simulated systems, opened with what is given, told apart by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from crossdock.faults import Misconfigured
from crossdock.model.register import kinds
from crossdock.scenario.script import Given, Member, Tree
from crossdock.twins.carrier.carrier import Carrier
from crossdock.twins.clock import Clock
from crossdock.twins.dials import Dials
from crossdock.twins.erp.erp import Erp, opening
from crossdock.twins.office import Office
from crossdock.twins.shop.shop import Shop
from crossdock.twins.warehouse.floor.feed import TOPICS
from crossdock.twins.warehouse.floor.floor import WarehouseDials
from crossdock.twins.warehouse.opening import Opening, OpeningBin, OpeningItem
from crossdock.twins.warehouse.push import Push, Subscription
from crossdock.twins.warehouse.warehouse import Warehouse

__all__ = ["Cast", "Plain", "Twin"]

Twin = Office | Warehouse
#: System, document, body, headers -> status and Retry-After in seconds.
Deliver = Callable[[str, str, bytes, Mapping[str, str]], Awaitable[tuple[int, float | None]]]
_TOPICS = frozenset((*TOPICS.values(), "pick_status"))
#: A floor moves only when it is told to.
_NEVER_S = 10_000_000.0


class Plain(Office):
    """A system that takes every document and says nothing by itself."""

    kind: ClassVar[str] = "plain"
    takes: ClassVar[Mapping[str, str]] = {
        kind: "sku" if kind in ("item", "kit_composition", "price", "stock_level") else "number"
        for kind in kinds()
    }
    tells: ClassVar[Sequence[str]] = tuple(kinds())

    def take(self, document: str, number: str, tree: Tree) -> str:
        """Takes it as it is."""
        if document == "order_status":
            return f"{tree.get('occasion')} {tree.get('state')}"
        return str(tree.get("quantity")) if document == "stock_level" else ""

    def act(self, name: str, tree: Tree) -> None:
        """Tells a document."""
        number = str(tree.get("number") or tree.get("order") or tree.get("sku") or "")
        self.tell(name, number, tree, group=str(tree.get("order") or number))


class Cast:
    """All simulated systems of one scenario."""

    def __init__(self, given: Given, clock: Clock, seed: int, deliver: Deliver) -> None:
        self.given = given
        self._clock = clock
        self._deliver = deliver
        self.twins: dict[str, Twin] = {}
        #: The last body of each system and document, with its headers.
        self.last: dict[tuple[str, str], tuple[bytes, Mapping[str, str]]] = {}
        self._before: dict[str, int] = {}
        for number, (name, member) in enumerate(given.members.items()):
            twin = self.twins[name] = self._made(member, seed + number)
            twin.subscribe([self._push(name, twin)])
            if member.dials:
                self.turn(name, member.dials)

    def _made(self, member: Member, seed: int) -> Twin:
        given = self.given
        match member.kind:
            case "erp":
                erp = Erp(seed=seed, clock=self._clock)
                opening(erp, list(given.items.values()), given.stock)
                for kit, parts in given.kits.items():
                    erp.books.kits[kit] = _components(parts)
                return erp
            case "shop":
                return Shop(seed=seed, clock=self._clock)
            case "carrier":
                return Carrier(seed=seed, clock=self._clock)
            case "plain":
                return Plain(seed=seed, clock=self._clock)
            case _:
                return self._warehouse(seed)

    def _warehouse(self, seed: int) -> Warehouse:
        given = self.given
        items = [
            OpeningItem(
                sku, str(item["unit"]), str(item["name"]), None,
                Decimal(str(item["weight_kg"])) if "weight_kg" in item else None, bool(item.get("lot_tracked")),
                {str(pack["unit"]): Decimal(str(pack["factor"])) for pack in item.get("packs", ())},
            )
            for sku, item in given.items.items()
        ]  # fmt: skip
        bins = [
            OpeningBin(
                str(row["sku"]), Decimal(str(row["quantity"])), str(row.get("bin") or f"A-{n:02d}"), str(row["site"]),
                row.get("lot"), date.fromisoformat(str(row["expires"])) if "expires" in row else None,
                str(row["status"]), row.get("owner"),
            )
            for n, row in enumerate(given.stock, 1) if row["quantity"] > 0
        ]  # fmt: skip
        sites = sorted({given.default_site, *(str(row["site"]) for row in given.stock)})
        return Warehouse(
            seed=seed, opening=Opening(items, bins, sites), clock=self._clock,
            dials=WarehouseDials(work_interval_s=_NEVER_S),
        )  # fmt: skip

    def _push(self, name: str, twin: Twin) -> Push:
        async def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, float | None]:
            document = url.rpartition("/")[2]
            self.last[name, document] = body, headers
            return await self._deliver(name, document, body, headers)

        topics = _TOPICS if isinstance(twin, Warehouse) else frozenset(kinds())
        return Push(
            Subscription(f"{name}/{{topic}}", None, None, topics), post, lambda: dials_of(twin), twin.dice
        )

    @property
    def pushes(self) -> list[Push]:
        """Everything that tells."""
        return [push for twin in self.twins.values() for push in twin.pushes]

    @property
    def quiet(self) -> bool:
        """Whether everything that was told has arrived."""
        return not any(push.pending for push in self.pushes)

    def party(self, name: str) -> Twin:
        """The system of a name. Raises Misconfigured."""
        twin = self.twins.get(name)
        if twin is None:
            raise Misconfigured(
                f"no system of the scenario is called {name}", fix="leave `url` out of given.charter"
            )
        return twin

    def turn(self, name: str, dials: Mapping[str, Any]) -> None:
        """Turns dials of a system. Raises Misconfigured."""
        plain = {dial: float(v) if isinstance(v, Decimal) else v for dial, v in dials.items()}
        self.twins[name].turn_dials(plain)

    def introduce(self) -> None:
        """The ERP tells its items and kits, so that the hub knows them before anything happens."""
        for name, member in self.given.members.items():
            if member.role != "erp":
                continue
            twin = self.twins[name]
            assert isinstance(twin, Office)
            for item in self.given.items.values():
                twin.tell("item", str(item["sku"]), {k: v for k, v in item.items() if k != "price"})
            for kit, parts in self.given.kits.items():
                twin.tell(
                    "kit_composition", kit, {"sku": kit, "stocked": False, "components": _components(parts)}
                )
            return

    def forget(self) -> None:
        """What was told before the story began is no part of it."""
        for name, twin in self.twins.items():
            if isinstance(twin, Office):
                twin.record.clear()
            else:
                self._before[name] = len(twin.face.effects)

    def told(self, name: str) -> list[str]:
        """What a system took since the story began."""
        twin = self.twins[name]
        if isinstance(twin, Office):
            return list(twin.record)
        effects = list(twin.face.effects)[self._before.get(name, 0) :]
        return [f"{effect['kind']} {effect['number']}" for effect in effects]


def dials_of(twin: Twin) -> Dials:
    """The dials as they are now."""
    return twin.faulty.dials


def _components(parts: Mapping[str, Any]) -> list[Tree]:
    return [{"sku": sku, "quantity": quantity, "unit": "EA"} for sku, quantity in parts.items()]
