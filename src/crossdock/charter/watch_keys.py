"""The keys of the watch section: opening hours, what is awaited, service levels, alerts, the beat, traces."""

from __future__ import annotations

from crossdock.charter.key import Key, Type, keys

#: The service levels that a charter may name.
LEVELS = ("order_release", "inventory_update", "shipment_confirmation", "receipt_posting")

WATCH_SECTIONS: dict[str, dict[str, Key]] = {
    "watch": keys(
        Key("hours", Type.SECTION_BY_NAME, "Opening hours by name; clocks that name them stand still outside.",
            section="hours"),
        Key("expects", Type.SECTIONS, "What a system should tell, and by when; else an incident `silence`.",
            section="expect"),
        Key("levels", Type.SECTION_BY_NAME, f"Service levels: {', '.join(LEVELS)}.", section="level"),
        Key("alerts", Type.SECTION, "Who is told of incidents and of service levels at risk.", section="alerts"),
        Key("beat", Type.SECTION, "The sign of life that an outside watcher gets while the hub works.",
            section="beat"),
        Key("traces", Type.SECTION, "Where traces of documents go, in OpenTelemetry's words.", section="traces"),
        Key("rest_within_s", Type.SECONDS, "How long after a short shipment somebody must have said what becomes of"
            " the rest; else an incident `part_fulfilled`.", default=14_400.0, least=0.1),
        Key("stock_every_s", Type.SECONDS, "How often what systems have of stock is compared; what nothing on its way"
            " explains is an incident `stock_variance`.", default=60.0, least=0.5),
    ),
    "hours": keys(
        Key("days", Type.DAYS, "Weekdays on which they begin. Absent: every day.", default=()),
        Key("from", Type.TEXT, "When they begin, such as 07:00.", default="00:00"),
        Key("to", Type.TEXT, "When they end; on the next day where it is not later.", default="00:00"),
        Key("timezone", Type.ZONE, "Absent: the site's."),
        Key("closed", Type.TEXTS, "Dates without hours: 2026-12-25.", default=()),
    ),
    "expect": keys(
        Key("system", Type.SYSTEM, "Whose turn it is.", required=True),
        Key("document", Type.DOCUMENT, "The kind of document that it should tell.", required=True),
        Key("every_s", Type.SECONDS, "It should tell one at least so often.", least=0.1),
        Key("after", Type.SECTION, "It should tell one for each of these.", section="after"),
        Key("within_s", Type.SECONDS, "With `after`: within this time.", least=0.1),
        Key("hours", Type.NAME, "The opening hours that its clock runs in. Absent: always."),
    ),
    "after": keys(
        Key("document", Type.DOCUMENT, "The kind of document that starts the clock.", required=True),
        Key("at", Type.SYSTEM, "Once this system has it."),
        Key("of", Type.SYSTEM, "Once it comes from this system."),
    ),
    "level": keys(
        Key("within_s", Type.SECONDS, "From the door to the system that is to have it.", required=True, least=0.001),
        Key("objective", Type.NUMBER, "Percent of all that must be within it.", default=99.0, least=1),
        Key("documents", Type.TEXTS, "Kinds of documents that count. Absent: those of its name.", default=()),
        Key("systems", Type.TEXTS, "Targets that count. Absent: all.", default=()),
    ),
    "alerts": keys(
        Key("link", Type.URL, "Address of the console, as people reach it; alerts lead there."),
        Key("quiet", Type.NAME, "Hours in which only severity high is told; the rest waits for their end."),
        Key("group_s", Type.SECONDS, "How long alerts below severity high are gathered into one.", default=60.0),
        Key("ways", Type.SECTION_BY_NAME, "Where alerts go, by name.", required=True, section="way"),
    ),
    "way": keys(
        Key("type", Type.CHOICE, "mail, a signed webhook, or the webhook of a chat.", required=True,
            choices=("mail", "webhook", "chat")),
        Key("url", Type.URL, "webhook, chat: where it is posted; a chat's secret may hold it instead."),
        Key("secret", Type.SECRET_NAME, "mail: the password. webhook: what it is signed with. chat: its address."),
        Key("server", Type.TEXT, "mail: host:port of the SMTP server."),
        Key("user", Type.TEXT, "mail: who signs in there."),
        Key("starttls", Type.FLAG, "mail: whether the connection must be encrypted.", default=True),
        Key("sender", Type.TEXT, "mail: the address that it comes from."),
        Key("to", Type.TEXTS, "mail: addresses.", default=()),
        Key("owners", Type.TEXTS, "Owners of incidents that it is for: [role:operations]. Absent: all.", default=()),
        Key("types", Type.TEXTS, "Types of incidents that it is for. Absent: all.", default=()),
        Key("severity", Type.CHOICE, "The least severity that it is for.", default="low",
            choices=("low", "medium", "high")),
        Key("late", Type.FLAG, "Whether it is told again of what nobody took up in time.", default=True),
    ),
    "beat": keys(
        Key("url", Type.URL, "Called while the hub works; a secret may hold it instead."),
        Key("secret", Type.SECRET_NAME, "Name of the secret that is the address."),
        Key("every_s", Type.SECONDS, "How often.", default=30.0, least=0.1),
        Key("method", Type.CHOICE, "The HTTP method.", default="GET", choices=("GET", "POST", "HEAD")),
    ),
    "traces": keys(
        Key("url", Type.URL, "OTLP over HTTP: the collector's address, such as http://127.0.0.1:4318/v1/traces.",
            required=True),
        Key("header", Type.HEADER, "Name of a header that carries the secret."),
        Key("secret", Type.SECRET_NAME, "Name of the secret that the collector asks for."),
    ),
}  # fmt: skip
