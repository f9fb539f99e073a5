"""The words of the console: one catalogue for each language, English first, and nothing said anywhere else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources


@cache
def catalogue() -> Mapping[str, str]:
    """Every text by its key."""
    text = resources.files("crossdock.console").joinpath("words.en.toml").read_text("utf-8")
    return tomllib.loads(text)


def say(key: str, /, **values: object) -> str:
    """The text of a key, with its values filled in; `count` chooses between its two forms, if it has two."""
    text = catalogue()[key]
    if " | " in text and "count" in values:
        one, many = text.split(" | ")
        text = one if values["count"] == 1 else many
    return text.format(**values) if values else text
