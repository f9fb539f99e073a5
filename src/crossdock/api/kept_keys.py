"""Keys kept over HTTP for the terminal beside a running hub, which alone writes to its ledger."""

from __future__ import annotations

import msgspec
from fastapi import FastAPI, Request, Response

from crossdock.access.roles import Actor
from crossdock.api.guest import Guest
from crossdock.api.keybook import KeyBook
from crossdock.api.keys import Keys
from crossdock.api.shapes_of_people import KeysKept
from crossdock.faults import Invalid
from crossdock.journal.sql.keyring import StoredKey
from crossdock.message.whence import WHENCE

_BODY = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}}
#: A new key and the one that it takes the place of.
_ROWS_MAX = 2


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a command sends: keys as they shall stand, their digests in base64."""

    keys: list[StoredKey]


_decode, _encode = msgspec.json.Decoder(Kept).decode, msgspec.json.Encoder().encode


def add_kept_keys(app: FastAPI, keys: Keys, book: KeyBook) -> None:
    """Adds the route; it needs a key that only whoever may write to the store can make, for one command."""
    guest = Guest(keys)

    @app.post("/v1/keys", response_model=KeysKept, tags=["access"], openapi_extra=_BODY)
    async def keep(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Keeps keys that `crossdock keys` made or ended, with the ledger; for that command alone."""
        holder = guest.terminal(request)
        rows = _read(await request.body())
        await book.keep(rows, Actor(holder.name, WHENCE.get()))
        return Response(_encode({"kept": len(rows)}), media_type="application/json")


def _read(body: bytes) -> list[StoredKey]:
    try:
        rows = _decode(body).keys
    except msgspec.DecodeError as error:
        raise Invalid(f"these are no keys: {error}", path="keys", fix="crossdock keys sends them") from None
    if not 0 < len(rows) <= _ROWS_MAX:
        raise Invalid("one key or two are kept at a time", path="keys", fix="crossdock keys sends them")
    return rows
