"""The poll: asks each stream for what changed, then reads the records concerned whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

from crossdock.connectors.tryton.reading.catalogue import source_of
from crossdock.connectors.tryton.reading.cursor import BEGINNING, SEEN_MAX, Change, Cursor, Place, stamped
from crossdock.connectors.tryton.reading.sources import Source, Stream
from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.wire import Row, call, dumped, rows, their_moment
from crossdock.faults import InDoubt, TryLater
from crossdock.kit.connector import Answer, Content, Page, Polled
from crossdock.kit.http import Client

_BY_TIME = [["last_modified_at", "ASC"], ["id", "ASC"]]


class TrytonPoller:
    """Reads what changed in one kind of record since the cursor.

    The first poll loads what is open, page by page; later ones follow the changes. A record that changed
    is found as it is now, so the hub numbers its revisions and finds equal ones equal.
    """

    def __init__(self, document: str, settings: Settings) -> None:
        self._document = document
        self._source: Source = source_of(document, settings)
        self._settings = settings

    async def poll(self, cursor: str | None, client: Client) -> Page:
        """The next page after the cursor (None: from the beginning). Raises TryLater, Rejected."""
        tryton = _Tryton(client, self._settings)
        state = Cursor.read(cursor) if cursor else await self._beginning(tryton)
        if state.loading is not None:
            return await self._load(state, state.loading, tryton)
        return await self._changes(state, tryton)

    async def _beginning(self, tryton: _Tryton) -> Cursor:
        """Where the changes stand now: what is written while the first load runs shows after it."""
        places: dict[str, Place] = {}
        for stream in self._source.streams:
            latest = await tryton.changes(stream, None, 1)
            if not latest:
                places[stream.model] = Place()
                continue
            place = Place.before(latest[0][0], self._settings.overlap_s)
            # The load comes later, so it shows these changes anyway.
            known = await tryton.changes(stream, place, SEEN_MAX)
            places[stream.model] = place.knowing([change for change, _ in known])
        return Cursor(places, loading=None if self._source.open is None else 0)

    async def _load(self, state: Cursor, after: int, tryton: _Tryton) -> Page:
        source, rows_max = self._source, self._settings.page_rows
        domain = [*source.domain, *(source.open or ()), ["id", ">", after]]
        records = await tryton.search(source.model, domain, source.fields, rows_max)
        more = len(records) == rows_max
        following = Cursor(state.places, loading=records[-1]["id"] if more else None)
        return Page(await self._found(records, tryton), following.written(), more)

    async def _changes(self, state: Cursor, tryton: _Tryton) -> Page:
        places: dict[str, Place] = {}
        owners: dict[int, None] = {}  # in the order of their changes, each once
        more = False
        for stream in self._source.streams:
            place = state.places.get(stream.model, Place())
            found = await tryton.changes(stream, place, self._settings.page_rows)
            owners |= {owner: None for change, ids in found if place.is_new(change) for owner in ids}
            page = [change for change, _ in found]
            full = len(page) == self._settings.page_rows
            more = more or full
            places[stream.model] = (
                place.after_page(page)
                if full
                else place.after_round(page, tryton.now, self._settings.overlap_s)
            )
        records: list[Row] = []
        if owners:
            domain = [*self._source.domain, ["id", "in", list(owners)]]
            records = await tryton.search(self._source.model, domain, self._source.fields, None)
            position = {id_: index for index, id_ in enumerate(owners)}
            records.sort(key=lambda record: position[record["id"]])
        return Page(await self._found(records, tryton), Cursor(places).written(), more)

    async def _found(self, records: list[Row], tryton: _Tryton) -> Sequence[Polled]:
        async def search(model: str, domain: list[object], fields: Sequence[str]) -> list[Row]:
            return await tryton.search(model, domain, fields, None)

        if records:
            await self._source.complete(records, search)
        documents = self._source.documents or (self._document,)
        return [Polled(document, Content(dumped(record))) for record in records for document in documents]


class _Tryton:
    """Reading calls over a client; `now` is Tryton's clock at its last answer, if it told."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self.now: str | None = None

    async def changes(
        self, stream: Stream, place: Place | None, rows_max: int
    ) -> list[tuple[Change, list[int]]]:
        """Changes after the place with the records they belong to; the latest ones when there is no place."""
        fields = ["last_modified_at", *([stream.owner] if stream.owner else [])]
        domain: list[object] = list(stream.domain)
        order = [["last_modified_at", "DESC"]]
        if place is not None:
            stamp, id_ = their_moment(place.at[0]), place.at[1]
            same = [["last_modified_at", "=", stamp], ["id", ">", id_]]
            domain.append(["OR", ["last_modified_at", ">", stamp], same])
            order = _BY_TIME
        found = await self._read(stream.model, domain, rows_max, order, fields)
        return [(_change(row), _owners(row, stream)) for row in found]

    async def search(
        self, model: str, domain: list[object], fields: Sequence[str], rows_max: int | None
    ) -> list[Row]:
        """Records with the fields asked for, by id."""
        return await self._read(model, domain, rows_max, [["id", "ASC"]], list(fields))

    async def _read(
        self,
        model: str,
        domain: list[object],
        rows_max: int | None,
        order: list[list[str]],
        fields: list[str],
    ) -> list[Row]:
        ask = call(self._settings.database, f"model.{model}.search_read", domain, 0, rows_max, order, fields)
        try:
            response = await self._client.send(ask.method, ask.path, body=ask.body, headers=ask.headers)
        except InDoubt as fault:
            raise TryLater(fault.says) from fault  # reading changes nothing: it may go again
        self.now = _their_clock(response.headers) or self.now
        return rows(ask, Answer(response.status, response.body, response.headers))


def _change(row: Row) -> Change:
    moment = row["last_modified_at"]
    return (stamped(moment) if isinstance(moment, datetime) else BEGINNING, row["id"])


def _owners(row: Row, stream: Stream) -> list[int]:
    if stream.owner is None:
        return [row["id"]]
    owner = row[stream.owner]
    if isinstance(owner, list):
        return cast(list[int], owner)
    # A reference reads `stock.shipment.out,7`.
    id_ = str(owner or "").rpartition(",")[2]
    return [int(id_)] if id_.isdigit() else []


def _their_clock(headers: Mapping[str, str]) -> str | None:
    try:
        return stamped(parsedate_to_datetime(headers["date"]).astimezone(UTC).replace(tzinfo=None))
    except (KeyError, ValueError):
        return None
