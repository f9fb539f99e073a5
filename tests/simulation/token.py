"""The address that gives tokens: each ends after a while, and some are taken back before."""

from __future__ import annotations

import json
from random import Random

from crossdock.kit.http import Response
from tests.simulation.network import Sent, Weather
from tests.simulation.parties import Receiver


class TokenParty:
    """Gives tokens for one receiver, which takes the newest of each machine only."""

    name = "token"

    def __init__(self, receiver: Receiver, random: Random) -> None:
        self.weather = Weather()
        self.late_s = 0.1
        self._receiver = receiver
        self._random = random
        self._given = 0
        self._newest: dict[str, str] = {}
        receiver.tokens = frozenset()

    def dedupes(self, sent: Sent) -> bool:
        """A second token harms nobody."""
        return True

    def handle(self, sent: Sent, mood: str) -> Response:
        """A fresh token; the one before of this machine ends."""
        if mood in {"busy", "unavailable", "broken", "garbled"}:
            return Response(500, {}, b"no")
        self._given += 1
        token = self._newest[sent.process.name.partition("#")[0]] = f"token-{self._given}"
        self._receiver.tokens = frozenset(f"Bearer {known}" for known in self._newest.values())
        lasts_s = self._random.choice((5, 60))
        body = {"access_token": token, "expires_in": lasts_s}
        return Response(200, {}, json.dumps(body).encode())
