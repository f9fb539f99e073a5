"""Cursors of polls: at no moment does one stand behind an event that is not stored."""

from __future__ import annotations

import json

from tests.simulation.watch import Watch, must


def stand(watch: Watch, known: set[str]) -> None:
    """What every stored cursor claims to know is stored with it; `known` are those that were found before."""
    for document, cursor in watch.rows("SELECT document, cursor FROM cursors WHERE system = 'wms'"):
        told = json.loads(cursor)
        for event in told["seen"] if isinstance(told, dict) else ():
            if event not in known:
                must_be_stored(watch, document, event, f"the cursor of {document} is stored")
                known.add(event)


def must_be_stored(watch: Watch, document: str, event: str, says: str) -> None:
    """Raises Broken unless an event of the warehouse became a capture. What was stored once stays."""
    if (document, event) in watch.stored:
        return
    found = watch.rows(
        "SELECT 1 FROM captures WHERE system = 'wms' AND document = ? AND (their_id = ? OR document = 'shipment')"
        " LIMIT 1", document, event,
    )  # fmt: skip
    must(found, f"{says}, and {event} was never stored")
    watch.stored.add((document, event))
