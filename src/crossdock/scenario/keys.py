"""Every key of a scenario file: reading it and its reference page are both made from these tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from crossdock.charter.keys import Key, Type

__all__ = [
    "GIVEN",
    "ITEM",
    "KINDS",
    "SCENARIO",
    "STEP",
    "STOCK",
    "SYSTEM",
    "THEN",
    "VERBS",
    "Verb",
    "verbs_of",
]

#: What a system can be, and the part it plays where it says nothing else.
KINDS: dict[str, str] = {
    "shop": "orders, cancellations, holds and returns come from it; it keeps its customers' payments",
    "erp": "items, kits, purchases and invoices come from it; it keeps stock books and money",
    "wms": "a warehouse that speaks the reference warehouse API and works turn by turn",
    "carrier": "moves parcels and tells where they are; it charges freight",
    "plain": "takes what it is sent and says nothing by itself; `as` names the part that it plays",
}


def _keys(*keys: Key) -> dict[str, Key]:
    return {key.name: key for key in keys}


SCENARIO: dict[str, Key] = _keys(
    Key("scenario", Type.TEXT, "What is shown, as a sentence.", required=True),
    Key("says", Type.TEXT, "More words for people."),
    Key("use", Type.TEXT, "A file whose `given` this one begins with, beside this file; its own words win."),
    Key("start", Type.TEXT, "When it begins, such as 2026-11-23T09:00:00Z, which is also the default."),
    Key("given", Type.SECTION, "What there is before anything happens.", section="given"),
    Key("when", Type.SECTIONS, "What happens, step by step.", section="step"),
    Key("then", Type.SECTION, "What must stand afterwards, all of it written out.", section="then"),
    Key("parts", Type.TREE, "For `rows`: name, then word, to what is put where the word is used."),
    Key("rows", Type.TREE, "The scenario is run once for each row, `$name` replaced by the row's value of that name."),
)  # fmt: skip

GIVEN: dict[str, Key] = _keys(
    Key("systems", Type.TREE, "Who takes part: `[shop, erp, wms, carrier]`, which is the default, or"
        " `NAME: KIND`, or `NAME: {kind: …}`."),
    Key("charter", Type.TREE, "Keys of charter.yaml, laid over the one that is made from the systems; null takes out."),
    Key("items", Type.TREE, "The item master: `[TEA-1, CUP-1]` or `SKU: {unit, packs, price, …}`."),
    Key("kits", Type.TREE, "Kits that are picked by their components: `SKU: {COMPONENT: QUANTITY}`."),
    Key("stock", Type.TREE, "What lies in the warehouse and stands in the ERP's books: `SITE SKU QUANTITY`, or rows"
        " with site, sku, quantity and, as needed, status, lot, expires, owner."),
    Key("crosswalks", Type.TREE, 'Codes: `NAME: ["SYSTEM,THEIRS,OURS"]`.'),
    Key("default_site", Type.TEXT, "The site of stock and documents that name none.", default="AMS"),
)  # fmt: skip

SYSTEM: dict[str, Key] = _keys(
    Key("kind", Type.CHOICE, "What it is.", required=True, choices=tuple(KINDS)),
    Key("as", Type.CHOICE, "plain: the part that it plays.", choices=("shop", "erp", "wms", "carrier")),
    Key("dials", Type.TREE, "Fault dials and pace to begin with: `{late: 1, on_short: wait}`."),
)  # fmt: skip

ITEM: dict[str, Key] = _keys(
    Key("unit", Type.TEXT, "Its smallest unit.", default="EA"),
    Key("packs", Type.TREE, "Unit to how many of the smallest: `{CS: 12}`."),
    Key("price", Type.NUMBER, "Price of one smallest unit, for order lines that name none."),
    Key("name", Type.TEXT, "For people."),
    Key("lot_tracked", Type.FLAG, "Whether it moves by lot only.", default=False),
    Key("weight_kg", Type.NUMBER, "Of one smallest unit.", default=0.5),
)  # fmt: skip

STOCK: dict[str, Key] = _keys(
    Key("site", Type.TEXT, "Where it lies; absent: `default_site`."),
    Key("sku", Type.TEXT, "The item.", required=True),
    Key("quantity", Type.NUMBER, "How much, in its smallest unit.", required=True),
    Key("status", Type.TEXT, "Its state.", default="available"),
    Key("lot", Type.TEXT, "Its lot."),
    Key("expires", Type.TEXT, "The lot's last day."),
    Key("owner", Type.TEXT, "Whose it is, where not the site's own."),
    Key("bin", Type.TEXT, "Its place."),
)  # fmt: skip

STEP: dict[str, Key] = _keys(
    Key("at", Type.TEXT, "When, counted from the beginning: 90s, 10m, 2h, 1d. Absent: once everything before it has"
        " come to rest."),
    Key("at_once", Type.FLAG, "Do it although what came before has not come to rest.", default=False),
    Key("wait", Type.TEXT, "Nothing but time: 90s, 10m, 2h, 1d."),
)  # fmt: skip

THEN: dict[str, Key] = _keys(
    Key("orders", Type.TREE, "By number, as the hub knows it: state (in one word), fulfilment, billing, cancellation,"
        " amendment, returned, holds, closed, lines (by line: shipped, …). What is not written is not asked."),
    Key("stock", Type.TREE, "By system (`hub` is the hub itself), by `SITE SKU`: what is sellable, or figures by state;"
        " in a warehouse also by `SITE SKU LOT`;"
        " at the hub: available, set_aside, on_hand. A shop has no sites: by SKU what it shows."),
    Key("money", Type.TREE, "By system: erp receivable, credited, payable; shop authorised, captured, refunded; carrier"
        " freight."),
    Key("told", Type.TREE, "By system, everything that it took, in order: `sales_order SO-1`; of `order_status` the"
        " occasion and the state; of `stock_level` the quantity."),
    Key("incidents", Type.TREE, "The open ones, oldest first, with as many of their fields as matter. Absent: none is"
        " open."),
    Key("ended", Type.TREE, "The ended ones, the same way."),
    Key("refused", Type.TREE, "By system, what the door did not take: `409 sales_order SO-1`."),
    Key("counts", Type.TREE, "Figures of /v1/conservation, by row: `transmissions: {desk: 1}`."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verb:
    """What somebody does in a step: `ACTOR WORD: ARGUMENT`."""

    word: str
    kinds: tuple[str, ...]  #: who does it; empty: every system
    says: str
    keys: dict[str, Key] = field(default_factory=dict[str, Key])
    short: str = ""  #: the key that an argument that is no mapping stands for
    document: str = ""  #: other keys are fields of this document


def _text(name: str, says: str, *, required: bool = False) -> Key:
    return Key(name, Type.TEXT, says, required=required)


def _lines(says: str, *, required: bool = False) -> Key:
    return Key("lines", Type.TREE, f"{says}: `2 TEA-1`, `1 CS TEA-1 @ 9.50`, or mappings of the line's fields.",
               required=required)  # fmt: skip


_ORDER = _text("order", "The sales order.", required=True)
_NUMBER = _text("number", "Its number.", required=True)
_HOLD = Key("hold", Type.CHOICE, "Which.", default="fraud", choices=("fraud", "credit", "edit_window"))
_TIMES = Key("times", Type.WHOLE, "How often.", default=1, least=1)
_FOUND = (
    _text("type", "The incident's type; absent: any."),
    _text("number", "What it is about; absent: anything."),
)

_SHOP = (
    Verb("orders", ("shop",), "A customer orders.", _keys(_NUMBER, _lines("What", required=True),
         _text("promise", "The promise, by the name that `reserves` gave it.")), document="sales_order"),
    Verb("changes", ("shop",), "A customer changes an order: its next version, all of it.",
         _keys(_NUMBER, _lines("What", required=True)), document="sales_order"),
    Verb("cancels", ("shop",), "A customer cancels an order, or the lines that are named.",
         _keys(_ORDER, _text("number", "The cancellation's number; absent: C- and the order's."),
               _lines("Lines that are not wanted any more")), short="order", document="cancellation"),
    Verb("holds", ("shop",), "An order is held.", _keys(_ORDER, _HOLD), short="order"),
    Verb("lifts", ("shop",), "A hold is lifted.", _keys(_ORDER, _HOLD), short="order"),
    Verb("authorises", ("shop",), "A customer may send goods back.",
         _keys(_NUMBER, _ORDER, _lines("What may come back", required=True)), document="return_authorisation"),
    Verb("reserves", ("shop", "erp", "plain"), "A cart is promised its goods.",
         _keys(_text("name", "What the promise is called in this scenario.", required=True),
               _lines("What", required=True), Key("hold_s", Type.SECONDS, "For how long."),
               Key("needed_days", Type.WHOLE, "In how many days they are needed: what is to come by then may count."))),
    Verb("frees", ("shop", "erp", "plain"), "A promise is given back.",
         _keys(_text("name", "What the promise is called.", required=True)), short="name"),
)  # fmt: skip
_ERP = (
    Verb("adds", ("erp",), "An item is entered, or changed.", _keys(_text("sku", "The item.", required=True)),
         short="sku", document="item"),
    Verb("buys", ("erp",), "Goods are ordered from a supplier.", _keys(_NUMBER, _lines("What", required=True),
         Key("expected_days", Type.WHOLE, "In how many days they are expected. Absent: nobody says.")),
         document="purchase_order"),
    Verb("transfers", ("erp",), "Goods are to move from one site to another.",
         _keys(_NUMBER, _lines("What", required=True)), document="stock_transfer"),
    Verb("sends_back", ("erp",), "Goods are to go back to their supplier.",
         _keys(_NUMBER, _lines("What", required=True)), document="return_to_vendor"),
    Verb("charges", ("erp",), "What left is charged, what came back is credited (dial `invoices: by_hand`).", {}),
)  # fmt: skip
_WMS = (
    Verb("works", ("wms", "carrier"), "So many turns of work: each order, or parcel, goes one step further.",
         _keys(Key("turns", Type.WHOLE, "How many.", default=1, least=1)), short="turns"),
    Verb("receives", ("wms",), "A truck or a parcel with goods comes for a purchase, a transfer or a return.",
         _keys(_NUMBER, _lines("What came", required=True),
               Key("complete", Type.FLAG, "Whether no more will come.", default=False))),
    Verb("counts", ("wms",), "Sellable goods are counted.",
         _keys(_text("site", "Where; absent: `default_site`."), _lines("What was found", required=True))),
    Verb("adjusts", ("wms",), "Stock is corrected with a reason.",
         _keys(_text("sku", "The item.", required=True),
               Key("quantity", Type.TREE, "More, or with a minus less.", required=True),
               Key("reason", Type.TEXT, "Why.", default="found"), _text("site", "Where."),
               _text("status", "Its state."), _text("lot", "Its lot."),
               _text("unit", "Its unit."), _text("expires", "The lot's last day."))),
)  # fmt: skip
_CARRIER = (
    Verb("delivers", ("carrier",), "A parcel arrives.", _keys(_ORDER), short="order"),
    Verb("fails", ("carrier",), "Nobody was there to take a parcel.", _keys(_ORDER), short="order"),
)
_ALL = (
    Verb("sends", (), "A document as it stands, in the hub's own words, straight to the door.",
         _keys(_text("document", "Its kind.", required=True),
               Key("body", Type.TREE, "All of it; `lines` may be short.", required=True),
               _text("key", "The Idempotency-Key."), _TIMES)),
    Verb("repeats", (), "The last document that it told, or the last of a kind, once more.",
         _keys(_text("document", "Its kind.", required=True), _TIMES), short="document"),
    Verb("behaves", (), "Dials are turned: `{drop: 1}`, `{on_short: wait}`; what is not named stays.",
         _keys(Key("dials", Type.TREE, "Dial to value.", required=True)), short="dials"),
    Verb("refuses", (), "It takes no more documents of these kinds (422).",
         _keys(Key("documents", Type.TEXTS, "Kinds.", required=True)), short="documents"),
    Verb("accepts", (), "It takes them again.", _keys(Key("documents", Type.TEXTS, "Kinds.", required=True)),
         short="documents"),
    Verb("goes", (), "It cannot be reached any more, or again.",
         _keys(Key("state", Type.CHOICE, "Which.", required=True, choices=("down", "up"))), short="state"),
)  # fmt: skip
_PEOPLE = (
    Verb("retries", ("desk",), "The incident is tried again.", _keys(*_FOUND), short="type"),
    Verb("fixes", ("desk",), "A value is mended.",
         _keys(*_FOUND, Key("path", Type.TEXT, "Where.", required=True),
               Key("value", Type.TREE, "What stands there instead.", required=True))),
    Verb("maps", ("desk",), "A row is added to a crosswalk.",
         _keys(*_FOUND, *(_text(name, says, required=True) for name, says in
               (("crosswalk", "Which."), ("system", "Whose."), ("theirs", "Their word."), ("ours", "Ours."))))),
    Verb("resolves", ("desk",), "The incident is ended with a reason.",
         _keys(*_FOUND, Key("outcome", Type.CHOICE, "What is so.", default="abandoned",
                            choices=("applied", "not_applied", "abandoned")),
               Key("reason", Type.TEXT, "Why.", default="agreed")), short="type"),
    Verb("assigns", ("desk",), "Somebody takes it.", _keys(*_FOUND, _text("owner", "Who.", required=True))),
    Verb("restarts", ("hub",), "The hub stops and starts on the same store.", {}),
)  # fmt: skip

VERBS: tuple[Verb, ...] = (*_SHOP, *_ERP, *_WMS, *_CARRIER, *_ALL, *_PEOPLE)


def verbs_of(kind: str) -> dict[str, Verb]:
    """What an actor of a kind can do."""
    people = kind in ("desk", "hub")
    return {verb.word: verb for verb in VERBS if kind in verb.kinds or (not verb.kinds and not people)}
