"""Documents that a system gets, rendered by its mapping and judged by its table of answers."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import quote

from crossdock.connectors.http.flows import FlowOut, Meaning, System
from crossdock.faults import Fault, InDoubt, Invalid, Misconfigured, Rejected, TryLater
from crossdock.formats import json
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Unclear
from crossdock.kit.excerpt import excerpt
from crossdock.kit.fits import Fits
from crossdock.kit.throttle import retry_after_s
from crossdock.mapping.path import Path
from crossdock.mapping.rule import Rule

_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE"})
_SAFE = frozenset({"GET", "HEAD"})
_BLANK = re.compile(r"\{([^{}]*)\}")
_KEY_MAX = 255


class HttpWriter:
    """Writes one document to one system. Pure for a fixed clock and fixed crosswalks."""

    def __init__(self, document: str, system: System, flow: FlowOut, tools: Tools) -> None:
        """Raises Misconfigured."""
        where = f"systems.{system.name}.out.{document}"
        self.unclear = Unclear(flow.on_unclear.value)
        self.settle_s = flow.find.settle_s if flow.find else 2.0
        if self.unclear is Unclear.RESEND and not flow.idempotency_header:
            raise Misconfigured(
                "a flow that sends again needs a key", path=f"{where}.on_unclear",
                fix="write `idempotency: {header: Idempotency-Key}`, or `on_unclear: person`",
            )  # fmt: skip
        if self.unclear is Unclear.FIND and flow.find is None:
            raise Misconfigured(
                "a flow that asks needs to know how", path=f"{where}.on_unclear",
                fix='write `find: {method: GET, path: "/…/{number}", present: [200], absent: [404]}`',
            )  # fmt: skip
        self._system = system
        self._flow = flow
        self._tools = tools
        self._path = _template(flow.path, f"{where}.send.path")
        self._find_path = _template(flow.find.path, f"{where}.find.path") if flow.find else ()
        self._their_id = Path(flow.their_id) if flow.their_id else None
        self._rule = Rule(tools.file(flow.map), file=flow.map, optional=flow.optional) if flow.map else None
        self._fits = Fits.of(flow, where)

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The one request of this dialogue, then what its answer means.

        Raises TryLater, InDoubt, Rejected by the table of answers; Invalid, Unmapped while rendering.
        """
        return self._judged(exchanges[-1].answer) if exchanges else self._asked(job)

    def find(self, job: Job) -> Ask | None:
        """The request that asks whether the target has the document; None when the flow has none."""
        find = self._flow.find
        return None if find is None else Ask(find.method, _filled(self._find_path, job), safe=True)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the status says present, None when it says absent. Raises TryLater for any other."""
        del job
        find = self._flow.find
        assert find is not None, "asked without a find"
        if answer.status in find.present:
            return self._done(answer)
        if answer.status in find.absent:
            return None
        raise TryLater(
            f"{self._system.name} answered {answer.status} when asked for the document",
            wait_s=retry_after_s(answer.headers, self._tools.now()),
        )

    def _asked(self, job: Job) -> Ask:
        flow = self._flow
        path = _filled(self._path, job)
        if flow.method in _WITHOUT_BODY:
            return Ask(flow.method, path, headers=self._key(job), safe=flow.method in _SAFE)
        tree: object = job.tree
        if self._rule is not None:
            tools, seed = self._tools, zlib.crc32(job.key.encode())
            tree = self._rule.run(
                job.tree,
                ours=tools.ours,
                theirs=tools.theirs,
                convert=tools.convert,
                now_s=tools.now(),
                seed=seed,
            )
        body = json.encode(self._fits.fitted(tree))
        return Ask(flow.method, path, body, {"Content-Type": "application/json", **self._key(job)})

    def _key(self, job: Job) -> Mapping[str, str]:
        header = self._flow.idempotency_header
        return {header: job.key} if header else {}

    def _judged(self, answer: Answer) -> Done:
        """Done, or the fault that the table of answers gives for the status."""
        match Meaning(self._flow.answers.meaning(answer.status).value):
            case Meaning.DONE:
                return self._done(answer)
            case Meaning.LATER:
                wait_s = retry_after_s(answer.headers, self._tools.now())
                raise TryLater(self._says(answer), wait_s=wait_s)
            case Meaning.UNCLEAR:
                raise InDoubt(self._says(answer), value=answer.status)
            case Meaning.REJECTED:
                raise Rejected(
                    self._says(answer), value=answer.status,
                    fix="mend the document, or what the target has to know first, and send it again",
                )  # fmt: skip

    def _says(self, answer: Answer) -> str:
        why = excerpt(answer.body)
        return f"{self._system.name} answered {answer.status}" + (f": {why}" if why else "")

    def _done(self, answer: Answer) -> Done:
        """With the target's id of the object, where the flow says where it stands."""
        says = f"{self._system.name} answered {answer.status}"
        if self._their_id is None:
            return Done(says=says)
        their_id = _id_in(answer.body, self._their_id)
        return Done(their_id, says=says, missing_id=their_id is None)


def _id_in(body: bytes, path: Path) -> str | None:
    """The id by its path over an answer, None when it has none that could be one."""
    try:
        value = path.value(json.decode(body))
    except Fault:  # an answer that is no JSON has no id
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and 0 < len(value) <= _KEY_MAX and value.isprintable() else None


def _template(path: str, where: str) -> tuple[str, ...]:
    """Text and blanks in turn: ("/wh/", "number", ""). Raises Misconfigured."""
    parts = tuple(_BLANK.split(path))
    if not path.startswith("/"):
        raise Misconfigured("a path begins with a slash", path=where, fix=f'write "/{path}"')
    for blank in parts[1::2]:
        if blank not in ("number", "id"):
            raise Misconfigured(f"nothing fills {{{blank}}}", path=where, fix="use {number} or {id}")
    return parts


def _filled(template: tuple[str, ...], job: Job) -> str:
    """The path with the document's number and the target's id in it, URL-encoded. Raises Invalid."""
    if len(template) == 1:
        return template[0]
    parts = list(template)
    for index in range(1, len(parts), 2):
        name = parts[index]
        value = job.number if name == "number" else job.their_id
        if not value:
            raise Invalid(
                "the target's id of this document is not known" if name == "id" else "the document has no number",
                path="their_id" if name == "id" else "number",
                fix="create the document at the target first" if name == "id" else "give it a number",
            )  # fmt: skip
        if value in (".", ".."):
            # Encoded or not, a URL reader takes it for a step up, and the request would go elsewhere.
            raise Invalid("this cannot stand in a URL", path=name, value=value, fix="use another number")
        parts[index] = quote(value, safe="")
    return "".join(parts)
