"""The face of a connector: what it declares, how it reads and how it writes.

A connector knows one kind of system. It is pure in the middle: a `Reader` turns bytes into
drafts, a `Writer` turns a document and what was answered so far into the next request. Only a
`Poller` touches the network, through the client it is handed. The pipeline knows nothing of a
connector but this file; the connector knows nothing of the pipeline.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from crossdock.faults import Fault
from crossdock.kit.http import Client
from crossdock.mapping.rule import no_units

#: A plain tree: what JSON can say, with `decimal.Decimal` for numbers that have a fraction.
Tree = dict[str, Any]


class Reading(Enum):
    """How documents of a system reach the hub."""

    PUSH = "push"  #: the system posts to the hub's intake
    WEBHOOK = "webhook"  #: the vendor posts with a signature of its own
    POLL = "poll"  #: the hub asks, with a cursor and an overlap


class Unclear(Enum):
    """What a writer can do about a send without a trustworthy answer."""

    RESEND = "resend"  #: the target dedupes on our key
    FIND = "find"  #: the target can be asked
    PERSON = "person"  #: only a person can tell


@dataclass(frozen=True, slots=True)
class Field:
    """One setting that a connector takes from the charter."""

    name: str
    type: str = "string"  #: string | integer | number | boolean | url | list
    required: bool = False
    default: object = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class DocumentIn:
    """A document that the connector can read."""

    document: str
    reading: Reading
    every_s: float = 5.0  #: pollers: pause between two reads
    says: str = ""


@dataclass(frozen=True, slots=True)
class DocumentOut:
    """A document that the connector can write."""

    document: str
    unclear: Unclear = Unclear.PERSON
    settle_s: float = 2.0  #: how long after an unclear send the target may still apply it
    says: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a connector is and can do: declared once, feeding lint, docs and forms."""

    kind: str
    title: str
    says: str
    fields: tuple[Field, ...] = ()
    documents_in: tuple[DocumentIn, ...] = ()
    documents_out: tuple[DocumentOut, ...] = ()
    auth: tuple[str, ...] = ("none",)
    configurable: bool = False  #: flows are written in the charter (the `http` connector)
    filed: bool = False  #: flows are files: each says how its files look (the `files` connector)
    partnered: bool = False  #: flows follow from a partner profile (the `edi` connector)


@dataclass(frozen=True, slots=True)
class Read:
    """Something besides the document that a decision rested on, with its version."""

    what: str
    version: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A number that a request gets in the commit that stores it, so that none is ever skipped or given twice.

    `marks` are texts that stand in the body for it, each with what becomes of the number there. The numbers of a
    `sequence` go from 1 to `most`, then begin again, unless its name begins with `once/`.
    """

    sequence: str
    marks: tuple[tuple[bytes, Callable[[int], bytes]], ...]
    most: int = 999_999_999


@dataclass(frozen=True, slots=True)
class Owed:
    """What the target owes us for a request that it took: a receipt, to be matched by the first number given."""

    within_s: float
    says: str  #: what was sent, such as `856 of shipment SHP-1`


@dataclass(frozen=True, slots=True)
class Facts:
    """What the door must know of an arrival, read from the body alone.

    `id` is the object's own id at the sender. `version` sorts revisions (an integer, or
    microseconds since 1970 for a time); None when the hub numbers them. `order_by` is the value
    of the charter's ordering key, None for the document itself. `parsed` is whatever the reader
    decoded on the way; it comes back as `Content.parsed`, so that nobody decodes twice.
    """

    id: str
    version: int | None = None
    order_by: str | None = None
    parsed: Any = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One business document as a plain tree in our words, not yet checked."""

    document: str
    tree: Tree
    their_id: str
    reads: tuple[Read, ...] = ()
    parent: tuple[str, str] | None = None  #: (document, number) of the object it belongs to
    wrong: Fault | None = None  #: what is wrong with it: this document goes to the desk, its neighbours go on
    #: True: the same number again is a duplicate, which a person must release; False: it is the next revision;
    #: None: repeats and revisions are told apart by the capture
    original: bool | None = None
    news_only: bool = False  #: says the whole again: what is as its sender said last is not passed on
    alias: str = ""  #: what it was called while it had no id: a mended one is known by it
    #: adds the place in what was sent to a fault of the model
    locate: Callable[[Fault], Fault] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes as they came, with what the sender called them."""

    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    parsed: Any = None  #: the tree that the door already decoded, so that nobody decodes twice


class Reader(Protocol):
    """Bytes to drafts, for one system and one document. Pure."""

    def facts(self, content: Content) -> Facts:
        """What the door needs. Raises Unreadable with status 422 when the id or version is missing."""
        ...

    def read(self, content: Content) -> Sequence[Draft]:
        """The documents in the content. Raises Invalid, Unmapped."""
        ...

    def same(self, one: Content, other: Content) -> bool:
        """Whether two contents say the same, apart from what the charter ignores."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request, complete but for credentials and host. `safe` asks change nothing.

    `says` is what it does in a supervisor's words; without it the trace shows method and path.
    """

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    safe: bool = False
    says: str = ""
    numbers: tuple[
        Numbered, ...
    ] = ()  #: given when the request is stored; those of the body are its control numbers
    owed: Owed | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for an Ask."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a dialogue with its answer."""

    ask: Ask
    answer: Answer


@dataclass(frozen=True, slots=True)
class Job:
    """A document on its way to one target."""

    document: str
    tree: Tree  #: the canonical document as a plain tree
    number: str
    key: str  #: the idempotency key of this round, `<transmission>.<round>`
    their_id: str | None = None  #: the target's own id of the object, once known
    #: document -> the target's id of the parent object
    parent_ids: Mapping[str, str] = field(default_factory=dict[str, str])
    settling: bool = False  #: the outcome of an earlier send of this key is unclear


@dataclass(frozen=True, slots=True)
class Done:
    """The target has the document. `their_id` None: the answer did not tell."""

    their_id: str | None = None
    says: str = "done"
    missing_id: bool = False  #: an id was expected and the answer had none
    reads: tuple[Read, ...] = ()


class Writer(Protocol):
    """A document to requests, for one system and one document. Pure.

    `step` is called with the exchanges so far (none at first) and gives the next request or the
    end. After a `TryLater` or an unclear outcome the dialogue starts again from nothing, so a
    writer of several steps begins by asking what is already there.
    """

    unclear: Unclear
    settle_s: float

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, or the end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        ...

    def find(self, job: Job) -> Ask | None:
        """The request that asks whether the target has the document; None when it cannot be asked."""
        ...

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the target has it, None when it has not. Raises TryLater when the answer does not tell."""
        ...


@dataclass(frozen=True, slots=True)
class Polled:
    """One thing that a poll found: becomes one capture."""

    document: str
    content: Content


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a poll. The cursor is saved in the commit that saves the captures.

    `amiss` are faults of single things that wait and cannot be had, each with the name of the thing as its path: one
    that stays becomes an incident, which ends when a page names it no more.
    """

    found: Sequence[Polled]
    cursor: str
    more: bool = False
    amiss: Sequence[Fault] = ()


class Poller(Protocol):
    """Asks a system for what is new, for one document."""

    async def poll(self, cursor: str | None, client: Client) -> Page:
        """The next page after the cursor (None: from the beginning). Raises TryLater, Rejected."""
        ...


Crosswalk = Callable[[str, object], str]

#: Document and number to what its owner last said of it; None when nobody has.
Lookup = Callable[[str, str], Tree | None]


def knows_nothing(document: str, number: str) -> Tree | None:
    """A look-up that finds nothing."""
    del document, number
    return None


#: Kind of document, then kind and number of the object it belongs to, to all of that kind, the oldest first.
Belonging = Callable[[str, str, str], Sequence[Tree]]


def nothing_belongs(document: str, parent: str, number: str) -> Sequence[Tree]:
    """A look-up that finds nothing."""
    del document, parent, number
    return ()


#: Quantity, from unit, to unit and sku to quantity, exactly. Raises Invalid.
Convert = Callable[[Decimal, str, str, str], Decimal | int]


@dataclass(frozen=True, slots=True)
class Tools:
    """What the hub lends a connector when it is bound to one system of the charter.

    `ours` and `theirs` look a code up for that system and raise Unmapped; `file` gives the text
    of a file of the site; `now` is the clock (seconds since 1970); `convert` knows the packs of the
    items.
    """

    system: Any  # charter.System; kit does not import the charter
    ours: Crosswalk
    theirs: Crosswalk
    file: Callable[[str], str]
    now: Callable[[], float]
    reads: Callable[[], tuple[Read, ...]]  #: crosswalk rows used since the last call
    convert: Convert = no_units
    document: Lookup = knows_nothing
    belonging: Belonging = nothing_belongs
    known: Callable[[str], bool] = lambda _: False  #: whether a kind of document has an owner in the charter


class Connector(Protocol):
    """One kind of system."""

    declaration: Declaration

    def reader(self, document: str, tools: Tools) -> Reader:
        """The reader of one document. Raises Misconfigured."""
        ...

    def writer(self, document: str, tools: Tools) -> Writer:
        """The writer of one document. Raises Misconfigured."""
        ...

    def poller(self, document: str, tools: Tools) -> Poller | None:
        """The poller of one document; None when the system pushes."""
        ...


#: Runs when a client needs fresh credentials; gives the headers to add at the socket.
Credentials = Callable[[], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Way:
    """What a connector may use to reach a system that has no url in the charter."""

    site: Path
    secret: Callable[[str], str]  #: the value of a secret by its name; raises Misconfigured
    http: Callable[[str], Client]  #: a client to one url
    allow: tuple[IPv4Network | IPv6Network, ...]
    now: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    sleep: Callable[[float], Awaitable[None]]


@runtime_checkable
class Carries(Protocol):
    """A connector whose system is reached by something else than plain HTTP: files, AS2."""

    def client(self, tools: Tools, way: Way) -> Client | None:
        """What carries its requests; None when nothing is ever sent. Raises Misconfigured."""
        ...


@runtime_checkable
class SignsIn(Protocol):
    """A connector whose system wants a login of its own (`auth: {type: session}`)."""

    def credentials(self, tools: Tools, secret: Callable[[], str], client: Client) -> Credentials:
        """The login, over a client that adds no credentials; the secret is read anew at each."""
        ...
