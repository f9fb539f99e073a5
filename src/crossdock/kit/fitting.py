"""A writer whose requests are checked against what the target's fields can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Writer
from crossdock.kit.fits import Fits

_decode = msgspec.json.Decoder(float_hook=str).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class FittedWriter:
    """Another writer, which knows nothing of fields that are too short; paths are in the target's words."""

    def __init__(self, writer: Writer, fits: Fits) -> None:
        self._writer = writer
        self._fits = fits
        self.unclear = writer.unclear
        self.settle_s = writer.settle_s

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The next request, checked, or the end. Raises what the writer raises, and Invalid for what does not fit."""
        ask = self._writer.step(job, exchanges)
        if not isinstance(ask, Ask) or ask.safe or not ask.body:
            return ask
        try:
            tree = _decode(ask.body)
        except msgspec.DecodeError:
            return ask  # no JSON has no paths
        fitted = self._fits.fitted(tree)
        if fitted == tree:
            return ask  # byte for byte what the writer made
        return replace(ask, body=_encode(fitted))

    def find(self, job: Job) -> Ask | None:
        """The writer's own question."""
        return self._writer.find(job)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """The writer's own reading of the answer."""
        return self._writer.found(job, answer)
