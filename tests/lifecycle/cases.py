"""Orders told word by word, and what must be true of each afterwards: the literal side of the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crossdock.model.lifecycle.facts import Fact, LineFact
from crossdock.model.lifecycle.life import Judged, Life, judge
from crossdock.model.lifecycle.tables import TABLES, Tables
from crossdock.model.lifecycle.walk import Verdict
from crossdock.model.lifecycle.words import HoldKind, Told

T0 = datetime(2026, 11, 22, 8, tzinfo=UTC)


def line(quantity: int | None = None, number: str = "1", short: int = 0) -> LineFact:
    """So much of a line."""
    return LineFact(
        number, f"W-{number}", "EA", None if quantity is None else Decimal(quantity), Decimal(short)
    )


def fact(word: str, minute: int | None = None, **more: object) -> Fact:
    """One fact at a minute of the day; its source is the word unless one is given."""
    at = None if minute is None else T0 + timedelta(minutes=minute)
    return Fact(Told(word), str(more.pop("source", f"{word}/{minute}")), at=at, **more)  # pyright: ignore[reportArgumentType]


def order(quantity: int = 10) -> Fact:
    """The order itself, with one line."""
    return fact("validated", source="sales_order/O-1", lines=(line(quantity),))


def shipped(
    number: str, minute: int, quantity: int, *, release: str = "", whole: bool = False, final: bool = True
) -> tuple[Fact, ...]:
    """A shipment."""
    word, source = ("shipped" if whole else "part_shipped"), f"shipment/{number}"
    told = fact(word, minute, source=source, about=number, release=release, lines=(line(quantity),))
    return (told, fact("final", minute, source=source, about=number, release=release)) if final else (told,)


RELEASED = fact("released")


@dataclass(frozen=True)
class Case:
    """What is told, what the last of it means, and how the order stands then."""

    says: str
    told: Sequence[Fact]
    stands: Mapping[str, object] = field(default_factory=dict[str, object])
    last: Verdict = Verdict.MOVED
    reports: Sequence[str] = ()
    missing: str = ""
    triggers: Sequence[str] = ()
    owner: str = ""
    tells: Sequence[str] = ("shipped",)

    def life(self, tables: Tables = TABLES) -> tuple[Life, Judged]:
        """The order after all of it, by some tables."""
        *known, asked = self.told
        reported = frozenset(map(Told, self.reports))
        tells = frozenset(map(Told, self.tells))
        return judge(known, asked, reported=reported, tells=tells, tables=tables)

    def wrong(self, tables: Tables = TABLES) -> list[str]:
        """What is not as it must be."""
        life, judged = self.life(tables)
        found = standing(life) | {
            "last": judged.verdict.value,
            "missing": judged.missing.value if judged.missing else "",
            "triggers": [one.value for one in judged.triggers],
            "owner": judged.owner,
        }
        wanted: dict[str, object] = {**self.stands, "last": self.last.value, "missing": self.missing}
        if self.last is Verdict.MOVED:
            wanted |= {"triggers": list(self.triggers), "owner": self.owner}
        return [
            f"{self.says}: {name} is {found[name]!r}, not {value!r}"
            for name, value in wanted.items()
            if found[name] != value
        ]


def standing(life: Life) -> dict[str, object]:
    """An order in words, with the figures of its first line."""
    first = next(iter(life.lines.values()), None)
    return {
        "fulfilment": life.fulfilment.value,
        "billing": life.billing.value,
        "cancellation": life.cancellation.value,
        "amendment": life.amendment.value,
        "back": life.returned.value,
        "held": [kind.value for kind in life.held],
        "closed": life.closed,
        "line": first.state(life.fulfilment) if first else None,
        **({n: int(getattr(first, n)) for n in FIGURES} if first else {}),
    }


FIGURES = ("ordered", "allocated", "picked", "packed", "shipped", "backordered", "cancelled", "returned")
FLOOR = ("acknowledged", "allocated", "picking", "picked", "packed")


def floor(upto: str, lines: Sequence[LineFact] = ()) -> list[Fact]:
    """Everything that the floor tells up to a word, a minute each."""
    words = FLOOR[: FLOOR.index(upto) + 1]
    return [fact(word, n + 1, lines=tuple(lines)) for n, word in enumerate(words)]


_BEGUN = (order(), RELEASED)
_SHIPPED = (*_BEGUN, *shipped("S-1", 20, 10, whole=True))
_ASKED = fact("cancel_requested", 5)
_TELL = ("tell",)
_LATE = Verdict.BEHIND

CASES: tuple[Case, ...] = (
    # -- goods, one step after the other ------------------------------------------------------------
    Case("a checked order", (order(),), {"fulfilment": "validated", "ordered": 10}, owner="hub"),
    Case("its release", _BEGUN, {"fulfilment": "released", "line": "released"}, triggers=("release",), owner="hub"),
    *(
        Case(f"told {word}, everything before it reported", (*_BEGUN, *floor(word)),
             {"fulfilment": word}, reports=FLOOR, owner="warehouse")
        for word in FLOOR
    ),
    Case("figures at packing", (*_BEGUN, *floor("packed", [line(8, short=2)])),
         {"allocated": 8, "picked": 8, "packed": 8, "backordered": 2, "line": "packed"}, owner="warehouse"),
    Case("all of it left", (*_BEGUN, *floor("packed"), shipped("S-1", 20, 10, whole=True, final=False)[0]),
         {"fulfilment": "shipped", "shipped": 10, "line": "shipped"}, reports=(*FLOOR, "shipped"),
         triggers=_TELL, owner="warehouse"),
    Case("a part of it left", (*_BEGUN, *floor("packed"), shipped("S-1", 20, 4, final=False)[0]),
         {"fulfilment": "part_shipped", "shipped": 4, "line": "part_shipped"}, triggers=_TELL, owner="warehouse"),
    Case("the rest left", (*_BEGUN, *shipped("S-1", 20, 4), shipped("S-2", 30, 6, whole=True, final=False)[0]),
         {"fulfilment": "shipped", "shipped": 10}, triggers=_TELL, owner="warehouse"),
    Case("less left than was ordered, and no more follows",
         (*_BEGUN, *shipped("S-1", 20, 4), shipped("S-2", 30, 1, whole=True, final=False)[0]),
         {"fulfilment": "shipped", "shipped": 5, "line": "shipped"}, triggers=_TELL, owner="warehouse"),
    Case("parts that add up are the whole",
         (*_BEGUN, *shipped("S-1", 20, 4), shipped("S-2", 30, 6, final=False)[0]),
         {"fulfilment": "shipped", "shipped": 10}, triggers=(), owner="warehouse", last=Verdict.BEHIND),
    Case("it arrived", (*_SHIPPED, fact("delivered", 40, about="S-1")),
         {"fulfilment": "delivered", "line": "delivered"}, triggers=_TELL, owner="carrier"),
    Case("one of two parcels arrived",
         (*_BEGUN, *shipped("S-1", 20, 4), *shipped("S-2", 30, 6, whole=True), fact("delivered", 40, about="S-1")),
         {"fulfilment": "shipped"}, last=_LATE),
    Case("a parcel arrived while the rest is to come",
         (*_BEGUN, *shipped("S-1", 20, 4), fact("delivered", 40, about="S-1")),
         {"fulfilment": "part_shipped"}, owner="carrier"),
    Case("all parcels arrived", (*_BEGUN, *shipped("S-1", 20, 4), fact("delivered", 25, about="S-1"),
                                 *shipped("S-2", 30, 6, whole=True), fact("delivered", 41, about="S-2")),
         {"fulfilment": "delivered"}, triggers=_TELL, owner="carrier"),
    Case("an arrival before its shipment", (*_BEGUN, fact("delivered", 40, about="S-1")),
         {"fulfilment": "released"}, last=Verdict.WAITS, missing="shipped"),
    # -- words that are skipped, late, or cannot be ------------------------------------------------------
    Case("a warehouse that only tells the end", (*_BEGUN, shipped("S-1", 20, 10, whole=True, final=False)[0]),
         {"fulfilment": "shipped", "picked": 10}, triggers=_TELL, owner="warehouse"),
    Case("a report before our own note of the release", (order(), fact("picked", 3)),
         {"fulfilment": "picked"}, triggers=("release",), owner="warehouse"),
    Case("a word whose predecessor is reported and missing", (*_BEGUN, fact("packed", 9)),
         {"fulfilment": "released"}, last=Verdict.WAITS, missing="picked", reports=("picked", "packed")),
    Case("what a person answers for", (*_BEGUN, fact("packed", 9, forced=True)),
         {"fulfilment": "packed"}, reports=("picked", "packed"), owner="warehouse"),
    Case("a late word", (*_SHIPPED, fact("picking", 5)), {"fulfilment": "shipped"}, last=_LATE),
    Case("a repeated word", (*_BEGUN, fact("picked", 5), fact("picked", 6)), {"fulfilment": "picked"}, last=_LATE),
    Case("an order that nobody has checked", (fact("cancel_refused", 1), fact("allocated", 2)),
         {"fulfilment": "allocated"}, triggers=("release",), owner="warehouse"),
    # -- stock that lacks ---------------------------------------------------------------------------
    Case("no stock at all", (*_BEGUN, fact("backordered", 1)), {"fulfilment": "backordered", "backordered": 10},
         triggers=_TELL, owner="warehouse"),
    Case("stock came", (*_BEGUN, fact("backordered", 1), fact("allocated", 2)), {"fulfilment": "allocated"},
         triggers=_TELL, owner="warehouse"),
    Case("stock was taken away again", (*_BEGUN, fact("allocated", 1), fact("backordered", 2)),
         {"fulfilment": "backordered"}, triggers=_TELL, owner="warehouse"),
    Case("nothing on the shelf", (*_BEGUN, fact("picking", 1), fact("backordered", 2)),
         {"fulfilment": "backordered"}, triggers=_TELL, owner="warehouse"),
    Case("the warehouse will not", (*_BEGUN, fact("refused", 1)), {"fulfilment": "refused"},
         triggers=("free_stock", "tell"), owner="warehouse"),
    Case("it took it first, and will not now", (*_BEGUN, fact("acknowledged", 1), fact("refused", 2)),
         {"fulfilment": "refused"}, triggers=("free_stock", "tell"), owner="warehouse"),
    Case("a refusal in place of an acknowledgement", (*_BEGUN, fact("refused", 1)), {"fulfilment": "refused"},
         triggers=("free_stock", "tell"), owner="warehouse", reports=("acknowledged",)),
    Case("no stock, where each step is told", (*_BEGUN, fact("acknowledged", 1), fact("backordered", 2)),
         {"fulfilment": "backordered"}, triggers=_TELL, owner="warehouse", reports=FLOOR),
    Case("stock taken away, where each step is told",
         (*_BEGUN, fact("acknowledged", 1), fact("allocated", 2), fact("backordered", 3)),
         {"fulfilment": "backordered"}, triggers=_TELL, owner="warehouse", reports=FLOOR),
    Case("released anew", (*_BEGUN, fact("refused", 1), fact("released", 2)), {"fulfilment": "released"},
         triggers=("release",), owner="hub"),
    Case("a later word of the warehouse after it refused", (*_BEGUN, fact("refused", 1), fact("acknowledged", 2)),
         {"fulfilment": "acknowledged"}, triggers=("release",), owner="warehouse"),
    # -- holds -------------------------------------------------------------------------------------------
    Case("a hold", (order(), fact("hold_set", 1)), {"held": ["fraud"], "closed": False}, owner="seller"),
    Case("a held order is not released", (order(), fact("hold_set", 1), fact("released", 2)),
         {"fulfilment": "validated"}, last=Verdict.WAITS, missing="no_hold"),
    Case("a hold that was lifted", (order(), fact("hold_set", 1), fact("hold_lifted", 2)), {"held": []},
         triggers=("release",), owner="seller"),
    Case("lifted before it was set, as told", (order(), fact("hold_lifted", 2), fact("hold_set", 1)), {"held": []},
         last=_LATE),
    Case("two kinds of hold", (order(), fact("hold_set", 1, hold=HoldKind.CREDIT), fact("hold_set", 2)),
         {"held": ["fraud", "credit"]}, owner="seller"),
    # -- cancellation --------------------------------------------------------------------------------
    Case("a wish to cancel", (*_BEGUN, _ASKED), {"cancellation": "requested", "closed": False},
         triggers=("send_cancel",), owner="seller"),
    Case("the warehouse stopped", (*_BEGUN, _ASKED, fact("cancelled", 6)),
         {"cancellation": "accepted", "cancelled": 10, "line": "cancelled", "closed": True},
         triggers=("free_stock", "tell"), owner="warehouse"),
    Case("the warehouse went on", (*_BEGUN, _ASKED, fact("cancel_refused", 6)), {"cancellation": "refused"},
         triggers=_TELL, owner="warehouse"),
    Case("the warehouse stopped by itself", (*_BEGUN, fact("cancelled", 6)), {"cancellation": "accepted"},
         triggers=("send_cancel", "free_stock", "tell"), owner="warehouse"),
    Case("asked once more", (*_BEGUN, _ASKED, fact("cancel_refused", 6), fact("cancel_requested", 7)),
         {"cancellation": "requested"}, triggers=("send_cancel",), owner="seller"),
    Case("too late", (*_SHIPPED, fact("cancel_requested", 21)),
         {"cancellation": "refused", "shipped": 10, "cancelled": 0}, triggers=("send_cancel",), owner="seller"),
    Case("a shipment that crosses an accepted cancellation",
         (*_BEGUN, _ASKED, fact("cancelled", 6), shipped("S-1", 20, 10, whole=True, final=False)[0]),
         {"cancellation": "refused", "fulfilment": "shipped", "shipped": 10, "cancelled": 0},
         triggers=_TELL, owner="warehouse"),
    Case("goods that were faster than the answer",
         (*_BEGUN, _ASKED, shipped("S-1", 20, 10, whole=True, final=False)[0]),
         {"cancellation": "refused", "fulfilment": "shipped"}, triggers=_TELL, owner="warehouse"),
    Case("a part left, the rest is cancelled", (*_BEGUN, *shipped("S-1", 4, 4), _ASKED, fact("cancelled", 6)),
         {"cancellation": "accepted", "fulfilment": "shipped", "shipped": 4, "cancelled": 6},
         triggers=("free_stock", "tell"), owner="warehouse"),
    Case("cancelled after it left", (*_SHIPPED, fact("cancelled", 30)), {"fulfilment": "shipped", "cancelled": 0},
         last=Verdict.IMPOSSIBLE, missing="still_open"),
    Case("asked after everything left, and after a refusal",
         (*_BEGUN, _ASKED, fact("cancel_refused", 6), *shipped("S-1", 20, 10, whole=True),
          fact("cancel_requested", 30)), {"cancellation": "refused"}, last=_LATE),
    Case("what the floor did before it stopped", (*_BEGUN, _ASKED, fact("cancelled", 6), fact("picked", 9)),
         {"cancellation": "accepted", "fulfilment": "released"}, last=_LATE),
    Case("no release once it is cancelled", (order(), _ASKED, fact("cancelled", 6), fact("released", 7)),
         {"fulfilment": "validated"}, last=Verdict.IMPOSSIBLE, missing="not_cancelled"),
    Case("no second try once it is cancelled",
         (*_BEGUN, fact("refused", 1), _ASKED, fact("cancelled", 6), fact("released", 7)),
         {"fulfilment": "refused"}, last=_LATE),
    # -- amendment -----------------------------------------------------------------------------------
    Case("a change", (*_BEGUN, fact("amend_requested", 1)), {"amendment": "requested", "closed": False},
         triggers=("send_revision",), owner="seller"),
    Case("a change that was taken", (*_BEGUN, fact("amend_requested", 1), fact("amended", 2)),
         {"amendment": "accepted"}, triggers=_TELL, owner="warehouse"),
    Case("a change that came too late", (*_BEGUN, fact("amend_requested", 1), fact("amend_refused", 2)),
         {"amendment": "refused"}, triggers=_TELL, owner="warehouse"),
    Case("a second change", (*_BEGUN, fact("amend_requested", 1), fact("amended", 2), fact("amend_requested", 3)),
         {"amendment": "requested"}, triggers=("send_revision",), owner="seller"),
    Case("another try", (*_BEGUN, fact("amend_requested", 1), fact("amend_refused", 2), fact("amend_requested", 3)),
         {"amendment": "requested"}, triggers=("send_revision",), owner="seller"),
    Case("a line that is no longer wanted", (*_BEGUN, fact("amend_requested", 1, lines=(line(3),))),
         {"cancelled": 3, "ordered": 10}, triggers=("send_revision",), owner="seller"),
    # -- money ---------------------------------------------------------------------------------------------
    Case("contents that are final", _SHIPPED, {"billing": "invoice_ready"}, triggers=("pass_shipment",),
         owner="warehouse"),
    Case("contents that may change", (*_BEGUN, shipped("S-1", 20, 10, whole=True, final=False)[0]),
         {"billing": "not_ready"}, triggers=_TELL, owner="warehouse"),
    Case("an invoice", (*_SHIPPED, fact("invoiced", about="S-1", source="invoice/I-1")), {"billing": "invoiced"},
         triggers=_TELL, owner="ERP"),
    Case("an invoice of one of two shipments",
         (*_BEGUN, *shipped("S-1", 20, 4), *shipped("S-2", 30, 6), fact("invoiced", about="S-1", source="invoice/I-1")),
         {"billing": "invoice_ready"}),
    Case("paid in advance", (*_BEGUN, fact("invoiced", 3, source="invoice/I-1")), {"billing": "invoiced"},
         triggers=("pass_shipment", "tell"), owner="ERP"),
    Case("a credit note",
         (*_SHIPPED, fact("invoiced", 30, about="S-1", source="invoice/I-1"), fact("credited", 40, about="I-1")),
         {"billing": "credited"}, triggers=_TELL, owner="ERP"),
    Case("a credit note while another part is to be charged",
         (*_BEGUN, *shipped("S-1", 20, 4), *shipped("S-2", 21, 6),
          fact("invoiced", 30, about="S-1", source="invoice/I-1"), fact("credited", 40, about="I-1")),
         {"billing": "credited"}, triggers=_TELL, owner="ERP"),
    Case("a credit note before its invoice", (*_SHIPPED, fact("credited", 40, about="I-1")),
         {"billing": "invoice_ready"}, last=Verdict.WAITS, missing="invoice_known"),
    # -- goods that come back -------------------------------------------------------------------------
    Case("leave to send it back", (*_SHIPPED, fact("return_authorised")), {"back": "authorised", "closed": False},
         owner="seller"),
    Case("leave before anything left", (*_BEGUN, fact("return_authorised")), {"back": "none"},
         last=Verdict.WAITS, missing="something_left"),
    Case("it came back", (*_SHIPPED, fact("return_authorised"), fact("return_received", 50, lines=(line(2),))),
         {"back": "received", "returned": 2},
         triggers=("pass_return", "tell"), owner="warehouse"),
    Case("it came back unasked", (*_SHIPPED, fact("return_received", 50, lines=(line(2),))), {"shipped": 10},
         triggers=("pass_return", "tell"), owner="warehouse"),
    Case("the money for it went back",
         (*_SHIPPED, fact("invoiced", 30, about="S-1", source="invoice/I-1"),
          fact("return_received", 50, lines=(line(10),)), fact("credited", 60, about="I-1")),
         {"back": "credited", "billing": "credited", "closed": True}, triggers=_TELL, owner="ERP",
         tells=("shipped", "invoiced", "credited")),
    # -- the end --------------------------------------------------------------------------------------
    Case("ended where nobody tells more", (*_BEGUN, shipped("S-1", 20, 10, whole=True, final=False)[0]),
         {"closed": True}, triggers=_TELL, owner="warehouse"),
    Case("not ended where an invoice is to come", _SHIPPED, {"closed": False}, tells=("shipped", "invoiced"),
         triggers=("pass_shipment",), owner="warehouse"),
    Case("not ended where the carrier tells of the arrival", _SHIPPED, {"closed": False},
         tells=("shipped", "delivered"), triggers=("pass_shipment",), owner="warehouse"),
)  # fmt: skip
