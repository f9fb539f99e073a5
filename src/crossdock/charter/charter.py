"""The integration charter as typed, frozen values: systems, flows, ownership, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from zoneinfo import ZoneInfo

from crossdock.charter.blackouts import Blackout, Calendar
from crossdock.charter.desk import DeskRules
from crossdock.charter.flow_settings import Brake, FileForm, Fit, WhenClosed
from crossdock.charter.orders import HUB_OWNER, Orders
from crossdock.charter.watch import Watching
from crossdock.formats.edi.profile import Profile
from crossdock.stock.policy import Policy
from crossdock.stock.sourcing.policy import Sourcing


class ItemCheck(Enum):
    """What an order line with an unknown item does."""

    REFUSE = "refuse"  #: an incident `unknown_sku`; the order is not routed
    WARN = "warn"  #: noted in the ledger, routed all the same
    SKIP = "skip"  #: not looked at


class OnChange(Enum):
    """What the same id with other content means."""

    REFUSE = "refuse"  #: 409 and an incident `duplicate_conflict`
    REVISE = "revise"  #: the next revision of the document


class OnUnclear(Enum):
    """How a send without a trustworthy answer is settled."""

    RESEND = "resend"  #: the same key again; the target dedupes on it
    FIND = "find"  #: ask the target, twice absent, then the same key again
    PERSON = "person"  #: an incident `in_doubt`


@dataclass(frozen=True, slots=True)
class Auth:
    """How we prove who we are to a system; `secret` is the name of a secret, never its value."""

    type: str = "none"  #: none | bearer | basic | header | oauth2 | session
    secret: str | None = None
    user: str | None = None
    header: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what the hub does to one system; times in seconds."""

    concurrency: int = 16
    rate_per_s: float | None = None
    timeout_s: float = 10.0
    retry_first_s: float = 0.2
    retry_max_s: float = 60.0
    retry_for_s: float = 86_400.0
    adapt: bool = True
    breaker_failures: int = 10
    breaker_probes: int = 1


class AnswerClass(Enum):
    """What an HTTP answer means for a transmission."""

    DONE = "done"
    LATER = "later"
    UNCLEAR = "unclear"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Answers:
    """Status to meaning: exact statuses first, then classes (2 for 2xx). Unlisted is unclear."""

    exact: Mapping[int, AnswerClass]
    classes: Mapping[int, AnswerClass]

    def meaning(self, status: int) -> AnswerClass:
        """The meaning of one HTTP status."""
        return self.exact.get(status) or self.classes.get(status // 100) or AnswerClass.UNCLEAR


#: What holds where a flow lists no `answers` of its own.
DEFAULT_ANSWERS = Answers(
    exact={
        425: AnswerClass.LATER, 429: AnswerClass.LATER, 503: AnswerClass.LATER,
        408: AnswerClass.UNCLEAR, 500: AnswerClass.UNCLEAR, 502: AnswerClass.UNCLEAR, 504: AnswerClass.UNCLEAR,
    },
    classes={2: AnswerClass.DONE, 4: AnswerClass.REJECTED},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Find:
    """How to ask a target whether it has a document; `path` may hold `{number}`, URL-encoded when filled."""

    method: str
    path: str
    present: frozenset[int] = frozenset({200})
    absent: frozenset[int] = frozenset({404})
    settle_s: float = 15.0


@dataclass(frozen=True, slots=True)
class FlowIn:
    """One kind of document that a system sends us. Paths are JSONata over the body."""

    document: str
    id: str | None = None
    version: str | None = None
    order_by: str | None = None
    on_change: OnChange = OnChange.REFUSE
    ignore: tuple[str, ...] = ()
    map: str | None = None  #: mapping file, relative to the site
    optional: tuple[str, ...] = ()
    every_s: float | None = None  #: pollers: pause between two reads
    brake: Brake | None = None  #: None: the usual one
    file: FileForm | None = None  #: how its files look, where they are files


@dataclass(frozen=True, slots=True)
class FlowOut:
    """One kind of document that we send to a system."""

    document: str
    method: str = "POST"
    path: str = ""
    map: str | None = None
    their_id: str | None = None
    idempotency_header: str | None = None
    on_unclear: OnUnclear = OnUnclear.PERSON
    find: Find | None = None
    answers: Answers = DEFAULT_ANSWERS
    optional: tuple[str, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict[str, int])  #: their field path -> most characters
    charset: str | None = None  #: Python codec that every text must fit, such as "ascii"
    fits: Mapping[str, Fit] = field(default_factory=dict[str, Fit])  #: their field path -> what it can hold
    file: FileForm | None = None  #: how its files look, where they are files


@dataclass(frozen=True, slots=True)
class System:
    """A connected party as the charter describes it."""

    name: str
    connector: str
    url: str | None = None
    timezone: ZoneInfo | None = None
    auth: Auth = Auth()
    limits: Limits = Limits()
    flows_in: tuple[FlowIn, ...] = ()
    flows_out: tuple[FlowOut, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict[str, object])  #: the connector's own fields
    partner: Profile | None = None  #: what was agreed with it, where it is a trading partner
    tenant: str | None = None  #: the client that it belongs to; None: the site's own
    backlog_max: int | None = None  #: documents of it under way; None: the charter's
    blackouts: tuple[Blackout, ...] = ()
    when_closed: WhenClosed = WhenClosed.REFUSE
    reports: tuple[str, ...] = ()  #: states of an order that it always tells, one by one
    kits: str = "whole"  #: or `components`: how it gets kits that are picked by their components

    def flow_in(self, document: str) -> FlowIn | None:
        """The inbound flow of one document, if the system has it."""
        return next((f for f in self.flows_in if f.document == document), None)

    def flow_out(self, document: str) -> FlowOut | None:
        """The outbound flow of one document, if the system has it."""
        return next((f for f in self.flows_out if f.document == document), None)


@dataclass(frozen=True, slots=True)
class Reader:
    """A system that gets an object; `after` names the system that must have answered first."""

    system: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """Who owns one kind of object and who reads it."""

    document: str
    owner: str
    readers: tuple[Reader, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict[str, str])  #: field path -> its own owner
    also: tuple[str, ...] = ()  #: more systems whose own objects of this kind count as much

    @property
    def owners(self) -> tuple[str, ...]:
        """Every system whose word counts on its own objects."""
        return (self.owner, *self.also)


@dataclass(frozen=True, slots=True)
class Site:
    """The installation that this charter is for."""

    name: str = "site"
    timezone: ZoneInfo = ZoneInfo("UTC")
    currency: str = "EUR"
    tenant: str = "default"


@dataclass(frozen=True, slots=True)
class Checks:
    """Which checks are made, and how strictly; times in seconds."""

    item_known: ItemCheck = ItemCheck.REFUSE
    wait_s: float = 900.0  #: how long a message waits for its predecessor before it is an incident
    over_receipt_percent: Decimal = Decimal(0)  #: more than was announced that is taken without asking
    adjustment_reasons: tuple[str, ...] = ()  #: the only ones a correction of stock may give; empty: any
    address: ItemCheck = ItemCheck.SKIP  #: by the rules of its country; its bare form is always checked
    price: ItemCheck = ItemCheck.SKIP  #: whether each line of an order has one


@dataclass(frozen=True, slots=True)
class Intake:
    """Bounds on what waits: documents of one system, seconds, megabytes of disk."""

    backlog_max: int = 2_000_000
    backlog_age_s: float | None = None
    disk_free_mb: int = 200  #: but never more than a fifth of the disk, which may be a small one
    flood_share: float = 0.3  #: of the time of a process, while others hand in less

    def kept_free(self, disk: int) -> int:
        """How many bytes of a disk of this size the door leaves free."""
        return min(self.disk_free_mb * 1_000_000, disk // 5)


@dataclass(frozen=True, slots=True)
class FourEyes:
    """Which acts one person asks for and another approves."""

    acts: tuple[str, ...] = ()
    within_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """The OpenID Connect provider that vouches for people."""

    issuer: str
    client_id: str
    secret: str | None  #: name of the client's secret; None: a public client
    roles: Mapping[str, str]  #: group -> role, in the order in which they count
    groups: str = "groups"
    name: str = "email"
    scope: str = "openid email profile"
    shown: str = "your organisation"
    local: str = "admin"  #: who may still sign in with a password: admin or everyone


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days what has ended is kept; None: for ever."""

    refused_days: int = 90
    bytes_days: int | None = None
    documents_days: int | None = None


@dataclass(frozen=True, slots=True)
class Charter:
    """One version of the charter, checked, with the digest of all files it was read from."""

    version: str  #: "sha256:…" over charter.yaml, mappings and crosswalk files
    site: Site
    systems: Mapping[str, System]
    objects: Mapping[str, ObjectRule]
    checks: Checks = Checks()
    network_allow: tuple[IPv4Network | IPv6Network, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict[str, str])  #: incident type -> role
    desk: DeskRules = field(default_factory=DeskRules)
    intake_max_bytes: int = 10_000_000
    intake: Intake = Intake()
    orders: Orders = field(default_factory=Orders)
    files: Mapping[str, str] = field(default_factory=dict[str, str])  #: name in the site -> text, as checked
    partners: Mapping[str, Profile] = field(default_factory=dict[str, Profile])  #: by the name of their file
    stock: Policy | None = None  #: what may be promised; None: no stock is kept
    sourcing: Sourcing | None = None  #: order routing; None: every reader gets whole orders
    four_eyes: FourEyes = FourEyes()
    single_sign_on: SingleSignOn | None = None
    retention: Retention = Retention()
    watch: Watching = field(default_factory=Watching)  #: what is awaited, and who is told of what

    def calendar(self, system: str, direction: str) -> Calendar:
        """The blackouts of one system and one direction ("in" or "out"), on its own clock or else the site's."""
        known = self.systems[system]
        rules = (one for one in known.blackouts if direction in one.directions)
        return Calendar(rules, known.timezone or self.site.timezone)

    def readers(self, document: str) -> tuple[Reader, ...]:
        """Who is sent documents of a kind; nobody where the charter has none of them."""
        rule = self.objects.get(document)
        return rule.readers if rule is not None else ()

    def made_by_hub(self, document: str) -> bool:
        """Whether the hub itself makes a kind of document here."""
        rule = self.objects.get(document)
        return rule is not None and rule.owner == HUB_OWNER and HUB_OWNER not in self.systems

    @property
    def cancel_is_answered_later(self) -> bool:
        """Whether a warehouse tells what became of a cancellation; otherwise that it took it is the answer."""
        answer = self.orders.cancel_answer
        return answer == "told" or (answer is None and "pick_status" in self.objects)

    def is_warehouse(self, system: str) -> bool:
        """Whether a system tells how far an order is on its floor."""
        known = self.systems.get(system)
        floor = ("pick_status", "shipment")
        return known is not None and (bool(known.reports) or any(map(known.flow_in, floor)))

    def tenant(self, system: str) -> str:
        """The client that a system belongs to: no other client's system can see that it is there."""
        return self.systems[system].tenant or self.site.tenant

    def backlog_max(self, system: str) -> int:
        """How many documents of a system may be under way."""
        return self.systems[system].backlog_max or self.intake.backlog_max
