"""The steps of a scenario, done: customers, clerks, floor workers, drivers, people at the desk, and bad luck."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar, cast

import msgspec

from crossdock.faults import Fault, Invalid, Misconfigured
from crossdock.journal.contract import Overtaken
from crossdock.journal.sql import incidents
from crossdock.message.names import INCIDENT, id_of
from crossdock.pipeline.stockkeeping.promises import Asked, Cart
from crossdock.scenario.cast import Twin
from crossdock.scenario.script import Scenario, Step, Tree
from crossdock.scenario.stage import Stage
from crossdock.twins.carrier.carrier import Carrier
from crossdock.twins.door import Request
from crossdock.twins.erp.erp import Erp
from crossdock.twins.office import Office, Refused
from crossdock.twins.warehouse.floor.feed import JSON
from crossdock.twins.warehouse.warehouse import Warehouse

__all__ = ["Acts"]

T = TypeVar("T", bound=Twin)
_CUSTOMER = {"id": "C-1", "name": "Ada Example"}
_ADDRESS = {
    "name": "Ada Example",
    "street": "Keizersgracht 1",
    "postcode": "1015 CJ",
    "city": "Amsterdam",
    "country": "NL",
}
_PERSON = "scenario"


class Acts:
    """Does the steps of one scenario on its stage."""

    def __init__(self, stage: Stage, scenario: Scenario) -> None:
        self._stage = stage
        self._scenario = scenario
        self._keys = 0

    async def do(self, step: Step) -> None:
        """One step, at its time. Raises Misconfigured for what cannot be done."""
        stage = self._stage
        if step.at_s is not None:
            await stage.until(step.at_s)
        elif not step.at_once:
            await stage.rest()
        try:
            await self._act(step)
        except (Refused, Fault, Overtaken, KeyError, AssertionError) as error:
            says = _words(error)
            raise Misconfigured(
                f"{step.actor} {step.verb}: {says}", file=self._scenario.file, line=step.line,
                fix=getattr(error, "fix", "") or "look at what stands before this step",
            ) from error  # fmt: skip

    async def _act(self, step: Step) -> None:
        tree = dict(step.argument)
        if step.verb == "wait":
            await self._stage.wait(tree["seconds"])
            return
        if step.actor == "desk":
            await self._person(step.verb, tree)
            return
        if step.actor == "hub":
            await self._restart()
            return
        act: Callable[[str, Tree], Awaitable[None]] | None = getattr(self, f"_{step.verb}", None)
        assert act is not None, f"nothing is known of {step.verb}"
        await act(step.actor, tree)

    # -- a shop -------------------------------------------------------------------

    async def _orders(self, name: str, tree: Tree) -> None:
        order: Tree = {
            "placed_at": self._now(), "customer": _CUSTOMER, "ship_to": _ADDRESS, "ship_method": "STANDARD", **tree,
        }  # fmt: skip
        if "promise" in tree:
            order["promise"] = self._stage.promises[tree["promise"]]
        order["lines"] = [self._priced(line) for line in tree["lines"]]
        self._office(name).act("sales_order", {k: v for k, v in order.items() if v is not None})

    async def _changes(self, name: str, tree: Tree) -> None:
        await self._orders(name, tree)

    async def _cancels(self, name: str, tree: Tree) -> None:
        cancel: Tree = {
            "number": f"C-{tree['order']}",
            "requested_at": self._now(),
            "reason": "customer",
            **tree,
        }
        self._office(name).act("cancellation", cancel)

    async def _holds(self, name: str, tree: Tree) -> None:
        self._office(name).act("order_hold", {**tree, "state": "set", "at": self._now()})

    async def _lifts(self, name: str, tree: Tree) -> None:
        self._office(name).act("order_hold", {**tree, "state": "lifted", "at": self._now()})

    async def _authorises(self, name: str, tree: Tree) -> None:
        self._office(name).act("return_authorisation", {"site": self._site, "customer": _CUSTOMER, **tree})

    async def _reserves(self, name: str, tree: Tree) -> None:
        room = self._stage.hub.context.stock
        assert room is not None, "the hub keeps no stock here: give some, or a stock section"
        asked = [Asked(str(one["line"]), one["sku"], one["quantity"], one.get("unit"), one.get("site"))
                 for one in tree["lines"]]  # fmt: skip
        days = tree.get("needed_days")
        cart = Cart(name, asked, tree.get("hold_s"), needed_by=None if days is None else self._day(days))
        answer = await room.promises.make(cart, who=name)
        if isinstance(answer, list):
            self._stage.refused.setdefault(name, []).append(f"409 promise {tree['name']}")
        else:
            self._stage.promises[tree["name"]] = msgspec.json.decode(answer)["id"]

    async def _frees(self, name: str, tree: Tree) -> None:
        room = self._stage.hub.context.stock
        assert room is not None, "the hub keeps no stock here"
        await room.promises.release(id_of("p", self._stage.promises[tree["name"]]) or 0, who=name)

    def _priced(self, line: Tree) -> Tree:
        item = self._scenario.given.items.get(str(line.get("sku")), {})
        price = line.get("price", self._pack_price(item, line))
        money = {} if price is None else {"price": price, "currency": line.get("currency", "EUR")}
        return {"unit": "EA", **line, **money}

    @staticmethod
    def _pack_price(item: Tree, line: Tree) -> Decimal | None:
        if "price" not in item:
            return None
        sizes = {str(pack["unit"]): pack["factor"] for pack in item.get("packs", ())}
        return Decimal(str(item["price"])) * Decimal(str(sizes.get(str(line.get("unit")), 1)))

    # -- an ERP -------------------------------------------------------------------

    async def _adds(self, name: str, tree: Tree) -> None:
        twin = self._office(name)
        twin.act("item", {"unit": "EA", "name": tree["sku"], **tree})

    async def _buys(self, name: str, tree: Tree) -> None:
        lines = [self._priced(line) for line in tree["lines"]]
        head = {"site": self._site, "supplier": {"id": "V-1", "name": "Vendor"}}
        if (days := tree.pop("expected_days", None)) is not None:
            head["expected_at"] = self._day(days).isoformat()
        self._office(name).act("purchase_order", {**head, **tree, "lines": lines})

    async def _transfers(self, name: str, tree: Tree) -> None:
        lines = [{k: v for k, v in line.items() if k != "price"} for line in tree["lines"]]
        self._office(name).act("stock_transfer", {**tree, "lines": lines})

    async def _sends_back(self, name: str, tree: Tree) -> None:
        lines = [{k: v for k, v in line.items() if k != "price"} for line in tree["lines"]]
        place = {"street": "Harbour 1", "postcode": "3011 AA", "city": "Rotterdam", "country": "NL"}
        head = {"site": self._site, "supplier": {"id": "V-1", "name": "Vendor"}, "ship_to": place}
        self._office(name).act("return_to_vendor", {**head, **tree, "lines": lines})

    async def _charges(self, name: str, tree: Tree) -> None:
        del tree
        self._twin(name, Erp).work()

    # -- a warehouse, a carrier -----------------------------------------------------

    async def _works(self, name: str, tree: Tree) -> None:
        twin = self._stage.cast.party(name)
        for _ in range(tree.get("turns", 1)):
            if isinstance(twin, Warehouse):
                twin.floor.turn(twin.clock.now())
            else:
                self._twin(name, Carrier).work()
            await self._stage.wait(1)

    async def _receives(self, name: str, tree: Tree) -> None:
        await self._backstage(name, "_truck", tree)

    async def _counts(self, name: str, tree: Tree) -> None:
        await self._backstage(name, "_count", {"site": self._site, **tree})

    async def _adjusts(self, name: str, tree: Tree) -> None:
        more = {"site": self._site, "unit": "EA", "status": "available", "reason": "found", "bin": "A-01"}
        body = {**more, **tree}
        if "expires" in body:
            body["expires_on"] = body.pop("expires")
        await self._ask(name, "POST", ("stock", "adjustments"), body)

    async def _backstage(self, name: str, door: str, tree: Tree) -> None:
        lines = [{k: v for k, v in line.items() if k != "price"} for line in tree["lines"]]
        if door == "_count":
            lines = [{k: v for k, v in line.items() if k != "line"} for line in lines]
        await self._ask(name, "PUT", (door,), {**tree, "lines": lines})

    async def _ask(self, name: str, method: str, parts: tuple[str, ...], body: Tree) -> None:
        """What a person does in the warehouse's own screens; faults of the way do not touch it."""
        twin = self._twin(name, Warehouse)
        self._keys += 1
        target = "/" + "/".join(parts)
        headers = {"idempotency-key": f"scenario-{self._keys}"}
        request = Request(method, parts, {}, headers, JSON.encode(body), target)
        reply = await twin.handle(request) if parts[0].startswith("_") else twin.face.answer(request)
        assert reply is not None, "the warehouse answers its own people"
        if reply.status >= 400:
            problem = msgspec.json.decode(reply.body)
            raise Invalid(f"the warehouse says {problem.get('code')}", path=str(problem.get("path", "")))

    async def _delivers(self, name: str, tree: Tree) -> None:
        self._office(name).act("deliver", tree)

    async def _fails(self, name: str, tree: Tree) -> None:
        self._office(name).act("fail", tree)

    # -- any system -----------------------------------------------------------------

    async def _sends(self, name: str, tree: Tree) -> None:
        body: Any = tree["body"]
        headers = {"Idempotency-Key": tree["key"]} if "key" in tree else {}
        data = body.encode() if isinstance(body, str) else JSON.encode(self._filled(body))
        self._stage.cast.last[name, tree["document"]] = data, headers
        for _ in range(tree.get("times", 1)):
            await self._stage.send(name, tree["document"], data, headers)

    def _filled(self, value: Any) -> Any:
        """`now` where a time stands is the present moment."""
        if isinstance(value, dict):
            return {name: self._filled(one) for name, one in cast("Tree", value).items()}
        if isinstance(value, list):
            return [self._filled(one) for one in cast("list[Any]", value)]
        return self._now() if value == "now" else value

    async def _repeats(self, name: str, tree: Tree) -> None:
        body, headers = self._stage.cast.last[name, tree["document"]]
        for _ in range(tree.get("times", 1)):
            await self._stage.send(name, tree["document"], body, headers)

    async def _behaves(self, name: str, tree: Tree) -> None:
        self._stage.cast.turn(name, tree["dials"])

    async def _refuses(self, name: str, tree: Tree) -> None:
        self._office(name).refusing.update(tree["documents"])

    async def _accepts(self, name: str, tree: Tree) -> None:
        self._office(name).refusing.difference_update(tree["documents"])

    async def _goes(self, name: str, tree: Tree) -> None:
        if tree["state"] == "down":
            self._stage.down.add(name)
        else:
            self._stage.down.discard(name)

    # -- people -----------------------------------------------------------------------

    async def _person(self, verb: str, tree: Tree) -> None:
        found = await self._stage.view(lambda c: incidents.incidents(c, incidents.Filter("open")))
        wanted = [
            one for one in found["items"]
            if tree.get("type") in (None, one["type"]) and tree.get("number") in (None, one["number"])
        ]  # fmt: skip
        if not wanted:
            open_ = ", ".join(f"{one['type']} of {one['number']}" for one in found["items"]) or "none"
            raise Invalid("there is no such open incident", fix=f"open now: {open_}")
        names = {
            "retries": "retry",
            "fixes": "fix",
            "maps": "fix",
            "resolves": "resolve",
            "assigns": "assign",
        }
        keys = {
            "fixes": ("path", "value"), "maps": ("crosswalk", "system", "theirs", "ours"),
            "resolves": ("outcome", "reason"), "assigns": ("owner",),
        }.get(verb, ())  # fmt: skip
        body = {key: tree[key] for key in keys if key in tree}
        await self._stage.desk.act(id_of(INCIDENT, wanted[0]["id"]) or 0, names[verb], body, who=_PERSON)

    async def _restart(self) -> None:
        await self._stage.hub.stop()
        await self._stage.start_hub()

    # -- who ---------------------------------------------------------------------------

    def _office(self, name: str) -> Office:
        return self._twin(name, Office)

    def _twin(self, name: str, kind: type[T]) -> T:
        twin = self._stage.cast.party(name)
        if not isinstance(twin, kind):
            raise Invalid(f"{name} is no {kind.__name__.lower()}", fix="use another kind of system for this")
        return twin

    def _day(self, days: int) -> date:
        return (self._stage.world.now() + timedelta(days=days)).date()

    def _now(self) -> str:
        return self._stage.world.now().isoformat().replace("+00:00", "Z")

    @property
    def _site(self) -> str:
        return self._scenario.given.default_site


def _words(error: BaseException) -> str:
    if isinstance(error, Refused):
        return f"{error.code} {error.path} {error.value or ''}".strip()
    return getattr(error, "says", "") or str(error) or type(error).__name__
