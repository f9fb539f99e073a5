"""A document on its way into a folder: one file, under a name that tells it again."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from crossdock.connectors.files.flows import System
from crossdock.connectors.files.form import Forms
from crossdock.connectors.files.poller import KINDS
from crossdock.faults import InDoubt, Misconfigured, Rejected, TryLater
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Unclear
from crossdock.kit.fits import Fits
from crossdock.mapping.rule import Rule

_BLANK = re.compile(r"\{([^{}]*)\}")
_BLANKS = ("number", "document", "key", "date")
#: What cannot stand in the name of a file anywhere.
_NO_NAME = re.compile(r'[\x00-\x1f/\\:*?"<>|]')
_NAME_MAX = 180


class FileWriter:
    """Writes one kind of document into one folder. Pure for a fixed clock and fixed crosswalks.

    The same key gives the same name and bytes, so that a file whose hand-over is in doubt is handed over again:
    the folder knows it for the same.
    """

    unclear = Unclear.RESEND
    settle_s = 2.0

    def __init__(self, document: str, system: System, tools: Tools) -> None:
        """Raises Misconfigured."""
        flow = system.flow_out(document)
        where = f"systems.{system.name}.out.{document}"
        if flow is None or flow.file is None:
            raise Misconfigured(
                f"{system.name} gets no files of {document}", path=where,
                fix=f"add `- {{document: {document}, file: {{name: '{document}-{{number}}-{{key}}.csv'}}}}`",
            )  # fmt: skip
        for blank in _BLANK.findall(flow.file.name):
            if blank not in _BLANKS:
                raise Misconfigured(
                    f"nothing fills {{{blank}}}", path=f"{where}.file.name", fix="use {number} or {key}"
                )
        self._document = document
        self._name = system.name
        self._form = flow.file
        self._forms = Forms(flow.file)
        self._tools = tools
        self._zone = system.timezone or UTC
        self._rule = Rule(tools.file(flow.map), file=flow.map, optional=flow.optional) if flow.map else None
        self._fits = Fits.of(flow, where)

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The one hand-over, then that it was taken. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        return self._judged(exchanges[-1].answer) if exchanges else self._asked(job)

    def find(self, job: Job) -> Ask | None:
        """Never asked: the same file is simply handed over again."""
        del job

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Never asked."""
        del job, answer

    def _asked(self, job: Job) -> Ask:
        tree: object = job.tree
        if self._rule is not None:
            tools, seed = self._tools, zlib.crc32(job.key.encode())
            tree = self._rule.run(
                job.tree, ours=tools.ours, theirs=tools.theirs, convert=tools.convert, now_s=tools.now(), seed=seed
            )  # fmt: skip
        tree = self._fits.fitted(tree)
        body = self._forms.body(tree, self._document)
        name = self._named(job)
        headers = {"Content-Type": KINDS[self._form.format], "Crossdock-Key": job.key}
        return Ask("PUT", f"/{quote(name)}", body, headers, says=f"file {name}")

    def _named(self, job: Job) -> str:
        """The file's name: another one for each revision and round, since the key stands in it."""
        day = datetime.fromtimestamp(self._tools.now(), self._zone)
        values = {"number": job.number, "document": self._document, "key": job.key, "date": f"{day:%Y%m%d}"}
        name = _BLANK.sub(lambda blank: _NO_NAME.sub("_", values[blank.group(1)]), self._form.name)
        return name[-_NAME_MAX:].lstrip(".")

    def _judged(self, answer: Answer) -> Done:
        """What an answer of the folder means; it is asked as HTTP is, and answers as that does."""
        says = f"{self._name} answered {answer.status}"
        match answer.status:
            case 200:
                said = answer.body[:200].decode("utf-8", "replace")
                return Done(says=said if said.startswith("handed over") else "handed over")
            case 425 | 429 | 503:
                raise TryLater(says)
            case status if 400 <= status < 500 and status != 408:
                raise Rejected(says, value=status, fix="see whether the folder may be written to, then retry")
            case _:
                raise InDoubt(says, value=answer.status)
