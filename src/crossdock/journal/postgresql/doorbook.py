"""What is known of the arrivals of one transaction: the store's word, and what the transaction itself adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossdock.journal.changes import unpacked
from crossdock.journal.contract import Arrival, Dedup, Known, Verdict
from crossdock.journal.postgresql.arrays import Type, array, scalar
from crossdock.journal.postgresql.wire import Command, Statement

_CONTENT = " LEFT JOIN captures c ON c.id = x.capture LEFT JOIN payloads p ON p.id = c.payload"
_TEXTS, _INTS, _INT = Type.TEXT.array_oid, Type.INT.array_oid, Type.INT.oid

_KEYS = Statement(
    b"find_arrivals",
    "SELECT a.n, x.capture, 0::bigint, p.codec, p.data"
    " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS a(system, key, n) CROSS JOIN LATERAL ("
    " SELECT capture FROM arrivals WHERE scope = $3 AND system = a.system AND key = a.key UNION ALL"
    f" SELECT capture FROM aliases WHERE scope = $3 AND system = a.system AND key = a.key LIMIT 1) x{_CONTENT}",
    (_TEXTS, _TEXTS, _INT),
)
_OBJECTS = "unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS a(system, document, their_id, n)"
_REVISION = (
    "SELECT capture, version FROM revisions WHERE scope = $4 AND system = a.system AND document = a.document"
    " AND their_id = a.their_id"
)
_LATEST = Statement(
    b"find_latest",
    f"SELECT a.n, x.capture, x.version, p.codec, p.data FROM {_OBJECTS} CROSS JOIN LATERAL ("
    f"{_REVISION} ORDER BY version DESC LIMIT 1) x{_CONTENT}",
    (_TEXTS, _TEXTS, _TEXTS, _INT),
)
_VERSIONS = Statement(
    b"find_revisions",
    "SELECT a.n, x.capture, x.version, p.codec, p.data FROM"
    " unnest($1::text[], $2::text[], $3::text[], $5::bigint[])"
    " WITH ORDINALITY AS a(system, document, their_id, version, n) CROSS JOIN LATERAL ("
    f"{_REVISION} AND version = a.version LIMIT 1) x{_CONTENT}",
    (_TEXTS, _TEXTS, _TEXTS, _INT, _INTS),
)
STATEMENTS = (_KEYS, _LATEST, _VERSIONS)

Object = tuple[str, str, str]


class Doorbook:
    """Judges arrivals in their order; each sees those before it."""

    def __init__(self, arrivals: Sequence[Arrival], scope: int) -> None:
        self._scope = scope
        self._asked_keys = [(a.system, a.idempotency_key) for a in arrivals if a.idempotency_key is not None]
        self._asked = list(dict.fromkeys(_object(a) for a in arrivals))
        self._asked_versions = [(_object(a), a.version) for a in arrivals if a.version is not None]
        self._keys: dict[tuple[str, str | None], int] = {}
        self._latest: dict[Object, Known] = {}
        self._versions: dict[tuple[Object, int], Known] = {}
        self._bodies: dict[int, bytes] = {}

    # -- the store's word ----------------------------------------------------

    def commands(self) -> list[Command]:
        """What must be asked; none where nothing arrived."""
        scope = scalar(self._scope)
        asked: list[Command] = []
        if self._asked_keys:
            asked.append((_KEYS, [*_columns(self._asked_keys, 2), scope]))
        if self._asked:
            asked.append((_LATEST, [*_columns(self._asked, 3), scope]))
        if self._asked_versions:
            objects, versions = zip(*self._asked_versions, strict=True)
            asked.append((_VERSIONS, [*_columns(objects, 3), scope, array(versions, Type.INT)]))
        return asked

    def learn(self, results: Sequence[Sequence[tuple[Any, ...]]]) -> None:
        """Takes the answers, in the order of the commands."""
        answers = iter(results)
        if self._asked_keys:
            for n, capture, _, *content in next(answers):
                self._keys[self._asked_keys[n - 1]] = self._known(capture, content)
        if self._asked:
            for n, capture, version, *content in next(answers):
                known = Known(self._known(capture, content), version)
                self._latest[self._asked[n - 1]] = known
                self._versions[self._asked[n - 1], version] = known
        if self._asked_versions:
            for n, capture, version, *content in next(answers):
                self._versions[self._asked_versions[n - 1][0], version] = Known(
                    self._known(capture, content), version
                )

    def _known(self, capture: int, content: Sequence[Any]) -> int:
        codec, data = content
        if capture not in self._bodies:
            self._bodies[capture] = b"" if data is None else unpacked(codec, data)
        return capture

    # -- judging -------------------------------------------------------------

    def judge(self, a: Arrival, dedup: Dedup) -> tuple[Verdict, int, int, bool]:
        """Verdict, version, the capture it repeats or collides with, and whether its key led to one already."""
        by_key = self._keys.get((a.system, a.idempotency_key)) if a.idempotency_key is not None else None
        object_ = _object(a)
        latest = same_version = self._latest.get(object_)
        if latest is not None and a.version is not None and a.version != latest.version:
            same_version = self._versions.get((object_, a.version))
        verdict, version, other = dedup.judge(
            a, by_key=None if by_key is None else Known(by_key, 0), same_version=same_version, latest=latest,
            same_as=lambda capture: a.same(self._bodies[capture], a.body),
        )  # fmt: skip
        return verdict, version, other, by_key is not None

    def stored(self, a: Arrival, capture: int, version: int) -> None:
        """Makes an arrival known as a capture, for those after it."""
        self._bodies[capture] = a.body
        known, object_ = Known(capture, version), _object(a)
        latest = self._latest.get(object_)
        if latest is None or latest.version < version:
            self._latest[object_] = known
        self._versions[object_, version] = known
        self.key(a, capture)

    def key(self, a: Arrival, capture: int) -> None:
        """Lets the arrival's own key lead to a capture, for those after it."""
        if a.idempotency_key is not None:
            self._keys[a.system, a.idempotency_key] = capture


def _object(a: Arrival) -> Object:
    return a.system, a.document, a.their_id


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[bytes]:
    columns = list(zip(*rows, strict=True))[:count]
    return [array(column, Type.TEXT) for column in columns]
