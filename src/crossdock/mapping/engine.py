"""The JSONata engine with our limits, our clock and our seed."""

from __future__ import annotations

from typing import Any

import jlens

from crossdock.faults import Misconfigured

#: Bounds on one evaluation. All but the last are deterministic; that one is for regular expressions that
#: run away, which steps hardly count: the document goes to the desk instead of stopping the hub.
STEPS_MAX = 5_000_000
DEPTH_MAX = 300
TEXT_MAX_BYTES = 1_000_000
LIST_MAX = 1_000_000
TIME_MAX_S = 2.0

#: What JSONata brings along. Source: docs.jsonata.org, function library.
FUNCTIONS = frozenset(
    """
    abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl
    decodeUrlComponent distinct each encodeUrl encodeUrlComponent error eval exists filter floor formatBase
    formatInteger formatNumber fromMillis join keys length lookup lowercase map match max merge millis min
    not now number pad parseInteger power random reduce replace reverse round shuffle sift single sort split
    spread sqrt string substring substringAfter substringBefore sum toMillis trim type uppercase zip
    """.split()  # noqa: SIM905, a list of seventy literals is no easier to read
)


def compiled(text: str, file: str, line: int = 1) -> jlens.Expression:
    """The expression, ready to run. `line` is where the text begins in its file.

    Raises Misconfigured with the line of the mistake.
    """
    try:
        return jlens.Expression(text)
    except jlens.JlensError as error:
        offset = error.position if error.position is not None else 0
        raise Misconfigured(
            f"this is no JSONata: {error}",
            file=file,
            line=line + text.count("\n", 0, offset),
            fix=_excerpt(text, offset),
        ) from None


def evaluated(expression: jlens.Expression, tree: Any, now_s: float, seed: int) -> Any:
    """The value of an expression over a tree; None when it is undefined. Raises JlensError."""
    return expression.evaluate(
        tree,
        now=round(now_s * 1000),
        seed=seed,
        max_steps=STEPS_MAX,
        max_depth=DEPTH_MAX,
        max_string_length=TEXT_MAX_BYTES,
        max_array_length=LIST_MAX,
        timeout=TIME_MAX_S,
    )


def _excerpt(text: str, offset: int) -> str:
    before = text[max(0, offset - 30) : offset].rpartition("\n")[2].strip()
    return f"see behind `{before}`" if before else "see the beginning of this line"
