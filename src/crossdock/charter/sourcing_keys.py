"""The tables of the `sourcing` section: which warehouse ships what, by when, and what becomes of the rest."""

from __future__ import annotations

from crossdock.charter.key import Key, Type, keys

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")

SOURCING_SECTIONS: dict[str, dict[str, Key]] = {
    "sourcing": keys(
        Key("rules", Type.SECTION_BY_NAME, "How orders are shared out; of these the first that fits an order counts."
            " An order that none fits is treated by the defaults.", section="sourcing_rule"),
        Key("sites", Type.SECTION_BY_NAME, "Sites of `stock.sites`: what carriage from there costs, when goods leave.",
            section="sourcing_site"),
        Key("zones", Type.SECTION_BY_NAME, "Parts of the world that cost the same; the first that holds an address"
            " counts.", section="sourcing_zone"),
        Key("methods", Type.SECTION_BY_NAME, "Carrier services by our word for them: when each leaves, what it takes.",
            section="sourcing_method"),
        Key("suppliers", Type.SECTION_BY_NAME, "Suppliers that ship to the customer themselves (drop ship).",
            section="sourcing_supplier"),
        Key("substitutes", Type.SECTION_BY_NAME, "Items that another may be sent for, unit for unit.",
            section="sourcing_substitute"),
        Key("pallet_units", Type.TEXTS, "A line in one of these units makes an order a `pallet`.", default=("PL",)),
    ),
    "sourcing_rule": keys(
        Key("systems", Type.TEXTS, "Orders from these systems. Absent: from any.", default=()),
        Key("order_types", Type.TEXTS, "Orders of these types, such as `b2b`. Absent: of any.", default=()),
        Key("customers", Type.TEXTS, "Orders of these customers, by id. Absent: of any.", default=()),
        Key("countries", Type.TEXTS, "Orders to these countries. Absent: to any.", default=()),
        Key("sites", Type.TEXTS, "The sites that may ship them, the preferred first. Absent: those of the channel.",
            default=()),
        Key("split", Type.CHOICE, "Whether several sites may share an order: never, by whole lines, or by units.",
            default="never", choices=("never", "lines", "units")),
        Key("parts_max", Type.WHOLE, "The most sites that may share an order.", default=2, least=1),
        Key("split_penalty", Type.NUMBER, "What each further site counts beside the carriage.", default=0),
        Key("late_penalty", Type.NUMBER, "What each day counts that a choice ships later than the soonest.", default=0),
        Key("backorder", Type.CHOICE, "What is not there: the whole order waits for it, only it waits, or it is"
            " cancelled.", default="wait", choices=("wait", "split", "cancel")),
        Key("ship_complete", Type.FLAG, "All in one shipment from one site, or nothing yet.", default=False),
        Key("substitute", Type.FLAG, "Whether another item may be sent for one that is not there.", default=False),
        Key("refused", Type.CHOICE, "What a warehouse refuses or has not: another site ships it, or a person looks.",
            default="reroute", choices=("reroute", "person")),
    ),
    "sourcing_site": keys(
        Key("costs", Type.NUMBER_BY_NAME, "What a shipment to each zone costs: `near: 4.5`; `*` is every other zone."
            " A zone without a cost is not served. Absent: all are, for nothing.", default={}),
        Key("refuses", Type.TEXTS, "What it does not ship: hazmat, gift, pallet, or a type of order such as b2b.",
            default=()),
        Key("timezone", Type.ZONE, "The clock on its wall. Absent: the installation's."),
        Key("cut_off", Type.TEXT, "An order released until then leaves the same working day: `16:00`. Absent: any"
            " order does."),
        Key("days", Type.DAYS, "Weekdays on which it works.", default=_WEEK),
        Key("holidays", Type.TEXTS, "Days on which it does not: `2026-12-25`, or `12-25` for every year.", default=()),
        Key("waves", Type.TEXTS, "Times at which orders are released to it: `08:00`. Absent: at once.", default=()),
        Key("lots", Type.CHOICE, "Who says from which lots goods are taken: the warehouse, or the hub (first expired,"
            " first out).", default="warehouse", choices=("warehouse", "fefo")),
    ),
    "sourcing_zone": keys(
        Key("countries", Type.TEXTS, "ISO codes. Absent: all.", default=()),
        Key("postcodes", Type.TEXTS, "Beginnings of post codes: `10`, `SW1`. Absent: all.", default=()),
    ),
    "sourcing_method": keys(
        Key("sites", Type.TEXTS, "The sites that it collects from. Absent: all.", default=()),
        Key("refuses", Type.TEXTS, "What it does not carry, as for a site.", default=()),
        Key("cut_offs", Type.TEXT_BY_NAME, "When it leaves each site: `AMS: '17:30'`.", default={}),
        Key("days", Type.DAYS, "Weekdays on which it collects. Absent: all.", default=()),
        Key("holidays", Type.TEXTS, "Days on which it does not collect.", default=()),
    ),
    "sourcing_supplier": keys(
        Key("system", Type.SYSTEM, "The system that takes its purchase orders.", required=True),
        Key("skus", Type.TEXTS, "Items that are never kept here and always come from it.", default=()),
        Key("order_types", Type.TEXTS, "Orders of these types go to it whole.", default=("drop_ship",)),
    ),
    "sourcing_substitute": keys(
        Key("by", Type.TEXTS, "Items that may be sent instead, the best first.", required=True),
    ),
}  # fmt: skip
