"""Every key that a charter may have: its type, its default and what it is for.

Checking, the JSON Schema for editors and the reference page are all made from these tables.
"""

from __future__ import annotations

from crossdock.charter.key import Key, Type
from crossdock.charter.key import keys as _keys
from crossdock.charter.sourcing_keys import SOURCING_SECTIONS
from crossdock.charter.watch_keys import WATCH_SECTIONS

__all__ = ["EXAMPLE", "SECTIONS", "STOCK_SECTIONS", "Key", "Type"]

#: The tables of the stock section.
STOCK_SECTIONS: dict[str, dict[str, Key]] = {
    "stock": _keys(
        Key("sites", Type.SECTION_BY_NAME, "The warehouses whose stock is promised, in the order in which they are"
            " drawn from.", required=True, section="stock_site"),
        Key("channels", Type.SECTION_BY_NAME, "The systems that sell; one that is not listed sells from every site.",
            section="stock_channel"),
        Key("promise_s", Type.SECONDS, "How long a promise holds that names no time.", default=900.0, least=1),
        Key("promise_max_s", Type.SECONDS, "The longest that a promise may hold.", default=86_400.0, least=1),
        Key("settle_s", Type.SECONDS, "How long a channel's own lower figure stands before it is corrected.",
            default=30.0),
    ),
    "stock_site": _keys(
        Key("system", Type.SYSTEM, "The system whose figures count there.", required=True),
        Key("figure", Type.CHOICE, "Whether its figures still hold what it allocated to orders (gross), or not (net).",
            default="gross", choices=("gross", "net")),
        Key("buffer", Type.NUMBER, "Of every item, never promised; in base units.", default=0),
        Key("buffers", Type.WHOLE_BY_NAME, "Items with a buffer of their own: `TEA-1: 5`.", default={}),
        Key("left_days", Type.WHOLE, "Days that a lot must still have to be promised.", default=0),
        Key("inbound_days", Type.WHOLE, "Goods expected within so many days count for promises that name a day."
            " Absent: none do."),
    ),
    "stock_channel": _keys(
        Key("sites", Type.TEXTS, "The sites that it sells from, in order. Absent: all.", default=()),
        Key("buffer", Type.NUMBER, "Of every item, not shown to it; in base units.", default=0),
        Key("share", Type.NUMBER, "The part of all promisable stock that it may hold, such as 0.5. Absent: all."),
        Key("at_most", Type.NUMBER, "It is never shown more; in base units."),
        Key("unit", Type.TEXT, "The pack that it counts in, such as CS. Absent, or an item without it: the base unit."),
        Key("split", Type.FLAG, "Whether an order may be drawn from several sites.", default=False),
        Key("short", Type.CHOICE, "What becomes of an order that is not covered: it waits as an incident, or is"
            " refused.", default="backorder", choices=("backorder", "refuse")),
        Key("publish", Type.FLAG, "Whether it is sent a stock_level whenever what it may sell changes.", default=False),
    ),
}  # fmt: skip

#: The tables by section name; "" is the top of the file.
SECTIONS: dict[str, dict[str, Key]] = {
    "": _keys(
        Key("crossdock", Type.WHOLE, "Version of this format: 1.", required=True, least=1),
        Key("site", Type.SECTION, "The installation.", section="site"),
        Key("network", Type.SECTION, "Which addresses the hub may call.", section="network"),
        Key("checks", Type.SECTION, "Which checks are made, and how strictly.", section="checks"),
        Key("intake", Type.SECTION, "Bounds at the door.", section="intake"),
        Key("systems", Type.SECTION_BY_NAME, "The connected parties.", required=True, section="system"),
        Key("objects", Type.SECTION_BY_NAME, "Who owns and who gets each kind of document.",
            required=True, section="object"),
        Key("orders", Type.SECTION, "How orders go: changes, cancellations, package contents.",
            section="orders"),
        Key("desk", Type.SECTION, "How soon somebody must look at an incident, and who gets it when nobody does.",
            section="desk"),
        Key("owners", Type.TEXT_BY_NAME, "Which role an incident type goes to: `unknown_sku: master_data`."),
        Key("four_eyes", Type.SECTION, "Acts that one person asks for and another approves.", section="four_eyes"),
        Key("single_sign_on", Type.SECTION, "Sign-in to the console with an OpenID Connect provider.",
            section="single_sign_on"),
        Key("retention", Type.SECTION, "How long what has ended is kept.",
            section="retention"),
        Key("stock", Type.SECTION, "What stock is kept and promised; absent: none.", section="stock"),
        Key("sourcing", Type.SECTION, "Order routing: which site ships what; absent: each reader gets whole orders.",
            section="sourcing"),
        Key("watch", Type.SECTION, "What is awaited and by when, and who is told of what.", section="watch"),
    ),
    "site": _keys(
        Key("name", Type.TEXT, "Name of the installation.", default="site"),
        Key("timezone", Type.ZONE, "Where its people live.", default="UTC"),
        Key("currency", Type.CURRENCY, "Its own currency.", default="EUR"),
        Key("tenant", Type.NAME, "The client that its records belong to.", default="default"),
    ),
    "desk": _keys(
        Key("escalate", Type.TEXTS, "Roles that get an incident one after the other while nobody takes it in time:"
            " `[supervisor, manager]`.", default=()),
        Key("severities", Type.SECTION_BY_NAME, "For high, medium and low, in place of the usual.",
            section="desk_clock"),
        Key("types", Type.SECTION_BY_NAME, "For one type of incident, in place of its severity's.",
            section="desk_clock"),
        Key("replay_max", Type.WHOLE, "Deliveries that one replay may repeat.", default=100_000, least=1),
    ),
    "desk_clock": _keys(
        Key("respond_s", Type.SECONDS, "How soon somebody must have looked.", least=1),
        Key("severity", Type.CHOICE, "How bad it is here.", choices=("high", "medium", "low")),
        Key("escalate", Type.TEXTS, "Roles that get it one after the other while nobody takes it; []: nobody else."),
    ),
    "network": _keys(
        Key("allow", Type.NETWORKS, "Private networks that may be called; all others are refused.", default=()),
    ),
    "checks": _keys(
        Key("item_known", Type.CHOICE, "What a line with an unknown item does: an incident, a note, nothing.",
            default="refuse", choices=("refuse", "warn", "skip")),
        Key("address", Type.CHOICE, "What an address that its country would not deliver to does: an incident, a note,"
            " nothing.", default="skip", choices=("refuse", "warn", "skip")),
        Key("price", Type.CHOICE, "What an order line without a price does.", default="skip",
            choices=("refuse", "warn", "skip")),
        Key("wait_s", Type.SECONDS, "How long a message waits for its predecessor.", default=900.0),
        Key("over_receipt_percent", Type.NUMBER, "Percent more than was announced that is received without asking.",
            default=0.0),
        Key("adjustment_reasons", Type.TEXTS, "The only reasons a correction of stock may give. Absent: any.",
            default=()),
    ),
    "intake": _keys(
        Key("max_bytes", Type.WHOLE, "Longest body taken.", default=10_000_000, least=1),
        Key("backlog_max", Type.WHOLE, "Documents of one system under way; beyond, its door answers 429.",
            default=2_000_000, least=1),
        Key("backlog_age_s", Type.SECONDS, "Age of a system's oldest document under way; beyond, its door answers 429."
            " Absent: any age.", least=1),
        Key("disk_free_mb", Type.WHOLE, "Space that stays free on the disk of an SQLite store, at most a fifth of it;"
            " below, the door answers 503, so that backups and repairs still have room.",
            default=200),
        Key("flood_share", Type.NUMBER, "Part of the time of a process that one system may take while others hand in"
            " less: at 0.3 these wait at most about twice as long as alone, and it goes at about a tenth of its speed."
            " 1: what it gets, and the others wait.", default=0.3, least=0.01, most=1),
    ),
    "system": _keys(
        Key("connector", Type.CONNECTOR, "The kind of system.", required=True),
        Key("url", Type.URL, "Where it is called."),
        Key("timezone", Type.ZONE, "For its times without a zone, and for its blackouts; absent: such times are"
            " invalid, and blackouts go by the site's."),
        Key("auth", Type.SECTION, "How the hub proves who it is.", section="auth"),
        Key("limits", Type.SECTION, "Bounds on what the hub does to it.", section="limits"),
        Key("tenant", Type.NAME, "The client that it belongs to; keys of other clients' systems cannot tell that it is"
            " there. Absent: the site's."),
        Key("backlog_max", Type.WHOLE, "For this system in place of intake.backlog_max.", least=1),
        Key("blackouts", Type.SECTIONS, "Times at which it must be left alone, such as a period close.",
            section="blackout"),
        Key("when_closed", Type.CHOICE, "What its door does while intake is paused or in a blackout: 503, or accept and"
            " hold.", default="refuse", choices=("refuse", "hold")),
        Key("reports", Type.TEXTS, "States of an order that it always tells, one by one: acknowledged, allocated,"
            " picking, picked, packed, shipped, delivered. A later one waits for these.", default=()),
        Key("kits", Type.CHOICE, "How it gets kits that are picked by their components: whole, where it knows them, or"
            " by components, and what it tells of these is told on as the kit.", default="whole",
            choices=("whole", "components")),
        Key("in", Type.SECTIONS, "What it sends. Connectors that know their documents need none.", section="in"),
        Key("out", Type.SECTIONS, "What it gets. Connectors that know their documents need none.", section="out"),
    ),
    "auth": _keys(
        Key("type", Type.CHOICE, "The scheme.", default="none",
            choices=("none", "bearer", "basic", "header", "oauth2", "session")),
        Key("secret", Type.SECRET_NAME, "Name of the secret: the environment has CROSSDOCK_SECRET_<NAME>."),
        Key("user", Type.TEXT, "basic, session: the user's name."),
        Key("header", Type.HEADER, "header: the name of the header that carries the secret."),
        Key("token_url", Type.URL, "oauth2: where tokens are given."),
        Key("client_id", Type.TEXT, "oauth2: the client's id; the secret is its client secret."),
        Key("scope", Type.TEXT, "oauth2: the scope asked for."),
    ),
    "limits": _keys(
        Key("concurrency", Type.WHOLE, "Requests under way at once.", default=16, least=1),
        Key("rate_per_s", Type.NUMBER, "Requests per second; null: no limit of ours.", least=0.001),
        Key("timeout_s", Type.SECONDS, "Longest wait for an answer.", default=10.0, least=0.001),
        Key("retry_first_s", Type.SECONDS, "First pause before a repeat; it doubles.", default=0.2, least=0.001),
        Key("retry_max_s", Type.SECONDS, "Longest pause before a repeat.", default=60.0, least=0.001),
        Key("retry_for_s", Type.SECONDS, "After this an incident `overdue` is opened; closed times do not count.",
            default=86_400.0),
        Key("adapt", Type.FLAG, "Keep a slower pace where the system throttles; never faster than rate_per_s.",
            default=True),
        Key("breaker_failures", Type.WHOLE, "Failures to answer in a row, after which the hub only probes.",
            default=10, least=1),
        Key("breaker_probes", Type.WHOLE, "Answers in a row that end the probing.", default=1, least=1),
    ),
    "in": _keys(
        Key("document", Type.DOCUMENT, "The kind of document.", required=True),
        Key("id", Type.PATH, "Its own id at the sender, over the body."),
        Key("version", Type.PATH, "An integer or RFC 3339 time, greater wins; null: the hub numbers revisions."),
        Key("order_by", Type.PATH, "What order is kept by; null: the document itself. What is known keeps its key."),
        Key("on_change", Type.CHOICE, "Same id and version, other content: 409, or the next revision.",
            default="refuse", choices=("refuse", "revise")),
        Key("ignore", Type.FIELDS, "Fields that are not content.", default=()),
        Key("map", Type.FILE, "Mapping from theirs to ours; absent: the body is in our words."),
        Key("optional", Type.FIELDS, "Fields of the result that may come out undefined.", default=()),
        Key("every_s", Type.SECONDS, "Where the hub asks: the pause between two reads.", least=0.05),
        Key("brake", Type.SECTION, "When a feed of levels or prices changes too much and waits for a person.",
            section="brake"),
        Key("file", Type.SECTION, "How its files look, where it sends files.", section="file"),
    ),
    "file": _keys(
        Key("format", Type.CHOICE, "How they are written; absent: by the end of their name.",
            choices=("csv", "tsv", "fixed", "xlsx", "json", "ndjson", "xml")),
        Key("match", Type.TEXT, "In: which files, such as `items-*.csv`.", default="*"),
        Key("name", Type.TEXT, "Out: the name of each: with {key}, and {number}, {document}, {date} as you like."),
        Key("encoding", Type.TEXT, "Of text; a byte order mark goes before it.", default="utf-8"),
        Key("delimiter", Type.TEXT, "Between cells; absent: the likely one of , ; tab and |.", default=""),
        Key("quote", Type.TEXT, "Around cells that hold the delimiter.", default='"'),
        Key("header", Type.FLAG, "Whether the first line names the columns; absent: yes, but not for fixed."),
        Key("columns", Type.TEXTS, "Their names where no header has them; for fixed with places: `sku:1-12`.",
            default=()),
        Key("sheet", Type.TEXT, "xlsx: its name; absent: the first.", default=""),
        Key("rows", Type.TEXT, "xml: the element of a row. json: the field that holds the list.", default=""),
        Key("decimal", Type.TEXT, "The mark before decimals.", default="."),
        Key("grouping", Type.TEXT, "The mark between thousands; absent: there is none.", default=""),
        Key("numbers", Type.TEXTS, "Columns that are numbers; without `map` the model says so itself.", default=()),
        Key("dates", Type.TEXT_BY_NAME, "Columns that are dates, each with its format: `due: '%d.%m.%Y'`.",
            default={}),
        Key("group", Type.FLAG, "Rows of one id are one document: the mapping gets `id` and `rows`.", default=False),
        Key("repeats", Type.FLAG, "Pass rows on that are as they were last time.", default=False),
        Key("rows_max", Type.WHOLE, "Rows of one file; larger ones are loaded with `crossdock load`.",
            default=100_000, least=1),
    ),
    "brake": _keys(
        Key("active", Type.FLAG, "Whether anything is ever held.", default=True),
        Key("least", Type.WHOLE, "Nothing is held before so many objects changed.", default=200, least=1),
        Key("zero_share", Type.NUMBER, "Held when so much of all objects goes to nothing.", default=0.5, least=0.001),
        Key("jump_factor", Type.NUMBER, "A value that grows or shrinks by so much has jumped.", default=10.0),
        Key("jump_share", Type.NUMBER, "Held when so much of all objects jumps.", default=0.2, least=0.001),
        Key("times_usual", Type.NUMBER, "Held when so many times more changes than in the busiest span of the last"
            " week.", default=5.0, least=1),
        Key("within_s", Type.SECONDS, "The span in which changes are counted.", default=900.0, least=1),
    ),
    "blackout": _keys(
        Key("from", Type.TEXT, "When it begins: 2026-12-31T22:00; with `every` a time of day, such as 22:00. On the"
            " system's own clock: its `timezone`, else the site's, else UTC.", required=True),
        Key("to", Type.TEXT, "When it ends; with `every` a time of day, on the next day where it is not later."),
        Key("every", Type.CHOICE, "How often it comes again.", choices=("day", "week", "month")),
        Key("days", Type.DAYS, "With week: weekdays. With month: 1 to 31, last, last_workday.", default=()),
        Key("hours", Type.NUMBER, "With `every`, in place of `to`: how long it lasts."),
        Key("directions", Type.TEXTS, "What is closed: out (what it gets), in (what it sends).", default=("out",)),
        Key("reason", Type.TEXT, "What people read who wait."),
    ),
    "out": _keys(
        Key("document", Type.DOCUMENT, "The kind of document.", required=True),
        Key("send", Type.SECTION, "The request that carries it.", section="send"),
        Key("map", Type.FILE, "Mapping from ours to theirs; absent: they get our words."),
        Key("their_id", Type.PATH, "Over the answer: the target's own id."),
        Key("idempotency", Type.SECTION, "How the target recognises a repeat.", section="idempotency"),
        Key("on_unclear", Type.CHOICE, "What settles a send without a trustworthy answer.", default="person",
            choices=("resend", "find", "person")),
        Key("find", Type.SECTION, "The question whether the target has the document.", section="find"),
        Key("answers", Type.SECTION, "What each status means; unlisted is unclear.", section="answers"),
        Key("optional", Type.FIELDS, "Fields of the result that may come out undefined.", default=()),
        Key("lengths", Type.WHOLE_BY_NAME, "Longest text of their fields, in characters: `consignee.name: 35`.",
            default={}),
        Key("charset", Type.CODEC, "Character set that every text must fit, such as ascii."),
        Key("fits", Type.SECTION_BY_NAME, "What their fields hold, by path (`*`: every other text).",
            section="fit"),
        Key("file", Type.SECTION, "How its files look, where it gets files.", section="file"),
    ),
    "fit": _keys(
        Key("max", Type.WHOLE, "Longest text, in characters.", least=1),
        Key("charset", Type.CODEC, "Character set that the text must fit, such as ascii."),
        Key("transliterate", Type.CHOICE, "A letter that it lacks: an incident, or its nearest spelling.",
            default="refuse", choices=("refuse", "spell")),
    ),
    "send": _keys(
        Key("method", Type.CHOICE, "The HTTP method.", default="POST", choices=("POST", "PUT", "PATCH", "DELETE")),
        Key("path", Type.URL_PATH, "Behind the system's url; `{number}` is the document's number.", required=True),
    ),
    "idempotency": _keys(
        Key("header", Type.HEADER, "The header that carries the hub's key.", required=True),
    ),
    "find": _keys(
        Key("method", Type.CHOICE, "The HTTP method.", default="GET", choices=("GET", "HEAD", "POST")),
        Key("path", Type.URL_PATH, "`{number}` is the document's number, URL-encoded.", required=True),
        Key("present", Type.EXACT_STATUSES, "The target has it.", default=(200,)),
        Key("absent", Type.EXACT_STATUSES, "It has not.", default=(404,)),
        Key("settle_s", Type.SECONDS, "Wait before asking, and between two answers `absent`.", default=15.0),
    ),
    "answers": _keys(
        Key("done", Type.STATUSES, "The target has taken it. Without `answers`: 2xx.", required=True),
        Key("later", Type.STATUSES, "It was not taken; try again. Without `answers`: 425, 429, 503.", default=()),
        Key("unclear", Type.STATUSES, "Nobody knows. Without `answers`: 408, 500, 502, 504.", default=()),
        Key("rejected", Type.STATUSES, "The target will not take it. Without `answers`: 4xx.", default=()),
    ),
    "object": _keys(
        Key("owner", Type.SYSTEM, "The system whose word counts.", required=True),
        Key("also", Type.TEXTS, "More systems that own objects of this kind, each its own: a second shop, another"
            " warehouse.", default=()),
        Key("readers", Type.READERS, "Who gets it: `[wms]` or `[{system: wms, after: erp}]`.", default=()),
        Key("fields", Type.TEXT_BY_NAME, "Fields that another system owns: `price: erp`.", default={}),
    ),
    "orders": _keys(
        Key("cancel_answer", Type.CHOICE, "What answers a cancellation at a warehouse: that it took the command, or"
            " what it tells later. Absent: told, where a system sends pick_status.", choices=("taken", "told")),
        Key("cancel_wait_s", Type.SECONDS, "How long that answer may take; then an incident `overdue`.",
            default=3600.0),
        Key("change_until", Type.TEXT_BY_NAME, "The last state in which a change of quantity, address, lines,"
            " ship_method or other still goes to the warehouse, or never. Absent: allocated.", default={}),
        Key("changes", Type.CHOICE, "Whether a later version of an order goes to its one warehouse first and to the"
            " other readers once that has taken it, or to all as the first version did.", default="as_read",
            choices=("as_read", "warehouse_first")),
        Key("packages", Type.CHOICE, "Whether a shipment whose packages do not list all of it waits for its next"
            " version before anybody may charge it.", default="listed", choices=("listed", "any")),
        Key("edit_window_s", Type.SECONDS, "How long a customer may change an order before it is released.",
            default=0.0),
    ),
    "four_eyes": _keys(
        Key("acts", Type.TEXTS, "Which: in_doubt, mass_change, abandon, fix, replay, gates, people, erase, restored,"
            " charter.", default=()),
        Key("within_s", Type.SECONDS, "A request that nobody approves in this time is over.", default=86_400.0,
            least=1),
    ),
    "single_sign_on": _keys(
        Key("issuer", Type.URL, "The provider, as it names itself in its tokens.", required=True),
        Key("client_id", Type.TEXT, "What the provider knows the hub by.", required=True),
        Key("secret", Type.SECRET_NAME, "Name of the client's secret. Absent: a public client, with PKCE alone."),
        Key("roles", Type.TEXT_BY_NAME, "Which group gets which role: `logistics-leads: approver`. The first that"
            " fits counts.", required=True),
        Key("groups", Type.TEXT, "The claim that lists the groups of a person.", default="groups"),
        Key("name", Type.TEXT, "The claim that the ledger calls a person by.", default="email"),
        Key("scope", Type.TEXT, "What is asked for.", default="openid email profile"),
        Key("local", Type.CHOICE, "Who may still sign in with a password: admins alone, for the day on which the"
            " provider is down, or everyone.", default="admin", choices=("admin", "everyone")),
        Key("shown", Type.TEXT, "What the button says.", default="your organisation"),
    ),
    "retention": _keys(
        Key("refused_days", Type.WHOLE, "Bodies of requests that were refused at the door.", default=90, least=1),
        Key("bytes_days", Type.WHOLE, "Bytes as they came and left, of documents that have ended. Absent: for ever.",
            least=1),
        Key("documents_days", Type.WHOLE, "Our documents, once they have ended: their personal data goes. Absent: for"
            " ever.", least=1),
    ),
    **STOCK_SECTIONS,
    **SOURCING_SECTIONS,
    **WATCH_SECTIONS,
    "reader": _keys(
        Key("system", Type.SYSTEM, "Who gets it.", required=True),
        Key("after", Type.SYSTEM, "A reader that must have answered first."),
    ),
}  # fmt: skip

#: One entry of a file in examples/, which is no part of the charter.
EXAMPLE: dict[str, Key] = _keys(
    Key("mapping", Type.FILE, "The mapping that is run.", required=True),
    Key("system", Type.SYSTEM, "Whose crosswalk rows answer, where several systems use the mapping."),
    Key("says", Type.TEXT, "What the example shows."),
    Key("given", Type.TREE, "What comes in.", required=True),
    Key("expect", Type.TREE, "What must come out."),
    Key("fails", Type.TEXT, "In place of `expect`: the incident type that it must fail with."),
    Key("path", Type.TEXT, "With `fails`: the field that it must name."),
    Key("packs", Type.TREE, "For `$convert`: sku to unit to how many of the smallest."),
    Key("now", Type.TEXT, "For `$now()`: a time such as 2026-11-22T10:00:00Z."),
)  # fmt: skip
