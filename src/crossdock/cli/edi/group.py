"""The group `crossdock edi` and the commands in it."""

from __future__ import annotations

import typer

from crossdock.cli.edi import ack, bench, check, compare, explain, partner, send, show, tree
from crossdock.cli.terminal import Group

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="EDI files, X12 and EDIFACT: read, check, explain, answer, compare.",
    epilog="FILE may be - for standard input. Exit status: 0 fine, 1 found something, 2 wrong use.",
)
app.command()(show.show)
app.command()(check.check)
app.command()(explain.explain)
app.command()(ack.ack)
app.command("to-json")(tree.to_json)
app.command("from-json")(tree.from_json)
app.command("diff")(compare.diff)
app.command()(send.send)
app.command()(bench.bench)
app.add_typer(partner.app, name="partner")
