"""`crossdock init`: a small site that works, to start from."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.terminal import MISUSED, stop

#: Beside this file in an installed hub; in a checkout it stands with the other examples.
_INSTALLED = Path(__file__).with_name("first-site")
_IN_CHECKOUT = Path(__file__).parents[3] / "examples" / "first-site"
_HIDDEN = "# what the hub stores, and secrets, are no part of what is reviewed\ndata/\nsecrets/\n*.key\n"
#: A link that leads out of the site: only its words stay.
_LINK_OUT = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")
_NAME = re.compile(r"(?m)^(site:\n  name: ).*$")


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the site.")],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="TEXT", help="Name of the site.  \\[default: of the folder]"),
    ] = None,
) -> None:
    """Writes a small site that works, to start from.

    A shop sends orders, a warehouse gets them; every choice has its comment.
    """
    template = _INSTALLED if _INSTALLED.is_dir() else _IN_CHECKOUT
    assert (template / "charter.yaml").is_file(), "the package lacks its first site"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        stop(f"{folder} is there already", fix="name a folder that is new or empty", status=MISUSED)
    try:
        shutil.copytree(
            template, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data", "__pycache__")
        )
        called = name or re.sub(r"[^\w-]+", "-", folder.resolve().name).strip("-") or "site"
        charter = folder / "charter.yaml"
        written = _NAME.sub(lambda m: f'{m.group(1)}"{called}"', charter.read_text("utf-8"), count=1)
        charter.write_text(written, "utf-8")
        readme = folder / "README.md"
        readme.write_text(_LINK_OUT.sub(r"\1", readme.read_text("utf-8")), "utf-8")
        (folder / ".gitignore").write_text(_HIDDEN, "utf-8")
    except OSError as error:
        stop(f"{folder} cannot be written: {error.strerror}")
    first = "" if shutil.which("crossdock") else f'  export PATH="{Path(sys.executable).parent}:$PATH"\n'
    print(f"""{folder} is a site that works. Next:
{first}\
  crossdock check --site {folder}
  crossdock keys create shop --site {folder} > shop.key
  python {folder / "warehouse.py"} 9100 &
  crossdock up --site {folder}
and in another terminal:
  crossdock send {folder / "orders" / "SO-1001.json"} --system shop --site {folder}
  crossdock trace order SO-1001 --site {folder}
and to see it in a browser, at http://127.0.0.1:8080:
  crossdock people add YOUR-NAME --role admin --site {folder}""")
