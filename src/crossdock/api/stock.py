"""Stock over HTTP: what is known of an item, what may be promised, and promises to carts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, cast

import msgspec
from fastapi import FastAPI, Header, Request, Response

from crossdock.api import shapes_of_stock as shapes
from crossdock.api.acts import act_body
from crossdock.api.guest import Guest
from crossdock.api.keys import Holder, Keys, Role
from crossdock.api.problems import MEDIA_TYPE, TITLES, problem
from crossdock.api.refusals import Refusal
from crossdock.faults import Invalid
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.names import id_of
from crossdock.model.moments import when
from crossdock.pipeline.bound import Context
from crossdock.pipeline.stockkeeping.promises import PROMISE, Asked, Cart
from crossdock.pipeline.stockkeeping.shown import shown
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.stock.amount import number
from crossdock.stock.place import Lack

_JSON = "application/json"
_encode = msgspec.json.Encoder(decimal_format="number").encode
_CART = {"requestBody": {"content": {_JSON: {"schema": shapes.CartIn.model_json_schema()}}, "required": True}}
_CART_KEYS = frozenset(shapes.CartIn.model_fields)
_LINE_KEYS = frozenset(shapes.CartLine.model_fields)
_TEXT_MAX = 200


def add_stock(
    app: FastAPI, keys: Keys, journal: SiteJournal, context: Context, now_ms: Callable[[], int]
) -> None:
    """Adds the routes; on a site that keeps no stock they say so."""
    guest, room = Guest(keys), context.stock

    @app.get("/v1/stock/{sku:path}", response_model=shapes.StockItem, tags=["stock"])
    async def stock(request: Request, sku: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """What every system is known to have of an item, and what may be promised of it, site by site."""
        holder, kept = guest.holder(request), _kept(room)
        found = await shown(journal, kept, sku, now_ms())
        if found is None:
            raise Refusal(
                404, f"nobody ever told of stock of {sku[:_TEXT_MAX]}", fix="look at the code of the item"
            )
        return Response(_encode(_narrowed(found, holder)), media_type=_JSON)

    _add_promises(app, guest, room, context)


def _add_promises(app: FastAPI, guest: Guest, room: Stockroom | None, context: Context) -> None:
    @app.post(
        "/v1/promises", response_model=shapes.Promise, status_code=201, tags=["stock"], openapi_extra=_CART,
        responses={409: {"model": shapes.NotThere, "description": "There is not enough; nothing was set aside"}},
    )  # fmt: skip
    async def promise(  # pyright: ignore[reportUnusedFunction]
        request: Request, idempotency_key: Annotated[str | None, Header(max_length=255)] = None
    ) -> Response:
        """Sets the stock for a cart aside, all of it or nothing; durable when it is answered."""
        holder, kept = guest.holder(request), _kept(room)
        cart = _cart(act_body(await request.body()))
        cart = replace(cart, channel=_channel(holder, cart.channel, context))
        answer = await kept.promises.make(cart, who=holder.name, key=idempotency_key or None)
        if isinstance(answer, list):
            return _not_there(answer)
        return Response(answer, 201, media_type=_JSON)

    @app.get("/v1/promises/{id}", response_model=shapes.Promise, tags=["stock"])
    async def one(request: Request, id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """A promise as it is now."""
        holder = guest.holder(request)
        return Response(_known(_kept(room), holder, id), media_type=_JSON)

    @app.delete("/v1/promises/{id}", response_model=shapes.Promise, tags=["stock"])
    async def released(request: Request, id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Gives back what a promise still holds; doing it again changes nothing."""
        holder, kept = guest.holder(request), _kept(room)
        _known(kept, holder, id)
        if not (holder.acts or holder.role is Role.SYSTEM):
            raise Refusal(
                403, f"the key {holder.name} may not act", fix="use the channel's key, or an operator's"
            )
        await kept.promises.release(id_of(PROMISE, id) or 0, who=holder.name)
        return Response(_known(kept, holder, id), media_type=_JSON)


def _kept(room: Stockroom | None) -> Stockroom:
    if room is None:
        raise Refusal(404, "this site keeps no stock", fix="add a stock section to charter.yaml")
    return room


def _channel(holder: Holder, named: str, context: Context) -> str:
    """Who sells: a system for itself, an operator for any."""
    if not (holder.acts or holder.role is Role.SYSTEM):
        raise Refusal(
            403, f"the key {holder.name} may not act", fix="use the channel's key, or an operator's"
        )
    if holder.role is Role.SYSTEM:
        if named and named != holder.system:
            fix = f"write {holder.system}, or leave channel out"
            raise Refusal(
                403, f"the key {holder.name} sells as {holder.system} only", path="channel", fix=fix
            )
        return holder.system or ""
    if named not in context.charter.systems:
        known = ", ".join(sorted(context.charter.systems))
        raise Refusal(422, f"there is no system {named[:60]}", path="channel", fix=f"one of: {known}")
    return named


def _known(room: Stockroom, holder: Holder, name: str) -> bytes:
    id_ = id_of(PROMISE, name)
    found = None if id_ is None else room.promises.read(id_)
    if found is None or not holder.reads(found[0]):
        raise Refusal(
            404, f"there is no promise {name[:40]}", fix="take the id from the answer to POST /v1/promises"
        )
    return found[1]


def _not_there(lacks: list[Lack]) -> Response:
    short = [
        {"sku": lack.sku, "wanted": number(lack.wanted), "available": number(lack.there)} for lack in lacks
    ]
    first = short[0]
    says = f"{first['wanted']} of {first['sku']} are wanted and {first['available']} can be promised"
    body = problem(409, TITLES.get(409, "It was not possible"), says, fix="ask for less, or again later")
    tree = cast("dict[str, Any]", msgspec.json.decode(body)) | {"short": short}
    return Response(_encode(tree), 409, media_type=MEDIA_TYPE)


def _narrowed(found: dict[str, Any], holder: Holder) -> dict[str, Any]:
    """What the key of a system may see: its own figures, its own channel, its own reservations."""
    if holder.role is not Role.SYSTEM:
        return found
    own = holder.system
    return found | {
        "available": next((one["available"] for one in found["channels"] if one["channel"] == own), None),
        "sites": [one for one in found["sites"] if one["system"] == own],
        "channels": [one for one in found["channels"] if one["channel"] == own],
        "beliefs": [one for one in found["beliefs"] if one["system"] == own],
        "reservations": [one for one in found["reservations"] if one["channel"] == own],
    }


# -- the body of a cart ------------------------------------------------------------


def _cart(tree: object) -> Cart:
    """Raises Invalid for the first thing that is wrong."""
    body = _object(tree, "", _CART_KEYS)
    lines = body.get("lines")
    if not isinstance(lines, list):
        raise Invalid("a cart has lines", path="lines", fix="send a list of {sku, quantity}")
    asked = [_line(line, n) for n, line in enumerate(cast("list[object]", lines))]
    names = [line.line for line in asked]
    if len(set(names)) < len(names):
        raise Invalid(
            "two lines have one name", path="lines", fix="give each line a name of its own, or none"
        )
    hold_s = body.get("hold_s")
    if hold_s is not None and (isinstance(hold_s, bool) or not isinstance(hold_s, int | Decimal)):
        raise Invalid("this is no number of seconds", path="hold_s", fix="send a number")
    return Cart(
        _text(body, "channel", "") or "",
        asked,
        None if hold_s is None else float(hold_s),
        _text(body, "reference", ""),
        _needed_by(_text(body, "needed_by", "")),
    )


def _needed_by(text: str | None) -> date | datetime | None:
    try:
        return text if text is None else when(text)
    except ValueError:
        raise Invalid(
            "this is no day and no moment with its offset", path="needed_by", value=text,
            fix="send 2026-12-24, or 2026-12-24T12:00:00Z",
        ) from None  # fmt: skip


def _line(tree: object, index: int) -> Asked:
    path = f"lines[{index}]"
    line = _object(tree, path, _LINE_KEYS)
    sku, quantity = _text(line, "sku", path), line.get("quantity")
    if sku is None:
        raise Invalid("the item is missing", path=f"{path}.sku", fix="send the code of the item")
    if isinstance(quantity, bool) or not isinstance(quantity, int | Decimal):
        raise Invalid("the quantity is no number", path=f"{path}.quantity", fix="send a number above 0")
    name = line.get("line", index + 1)
    if isinstance(name, bool) or not isinstance(name, int | str) or len(str(name)) > _TEXT_MAX:
        raise Invalid("this is no name of a line", path=f"{path}.line", fix="send a number or a short text")
    return Asked(str(name), sku, quantity, _text(line, "unit", path), _text(line, "site", path))


def _object(tree: object, path: str, known: frozenset[str]) -> Mapping[str, object]:
    if not isinstance(tree, dict):
        raise Invalid("this must be an object", path=path, fix="send a JSON object")
    found = cast("dict[str, object]", tree)
    for name in found:
        if name not in known:
            where = f"{path}.{name}" if path else name
            raise Invalid(
                f"{name[:60]} is not known here", path=where, fix=f"one of: {', '.join(sorted(known))}"
            )
    return found


def _text(tree: Mapping[str, object], name: str, path: str) -> str | None:
    value = tree.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > _TEXT_MAX:
        where = f"{path}.{name}" if path else name
        raise Invalid("this must be a short text", path=where, fix=f"at most {_TEXT_MAX} characters")
    return value
