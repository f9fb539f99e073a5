"""`make demo`: orders from a real ERP to a warehouse and back, counted on both sides."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from pathlib import Path

from rich.markup import escape

from demo import report
from demo.screen import Screen
from demo.stage import HOME, Stage
from demo.story import Story


def main(arguments: list[str] | None = None) -> int:
    """0 when both sides agree and nothing is lost or twice, 1 when not, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    screen = Screen()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupted)
    try:
        with Stage(screen, home=options.home, random_seed=options.seed) as stage:
            return _run(screen, stage, options)
    except KeyboardInterrupt:
        screen.print("\nstopped")
        return 130
    except (RuntimeError, OSError) as error:
        screen.print(f"\n[bold red]{escape(str(error))}[/]")
        screen.print(f"Look at {options.home}/hub.log and {options.home}/erp/trytond.log")
        return 1


def _run(screen: Screen, stage: Stage, options: argparse.Namespace) -> int:
    outcome = Story(stage, sales=options.sales, cancelled=min(3, options.sales // 3)).run()
    screen.print()
    report.figures(screen, outcome)
    report.records(screen, outcome.verdict)
    report.goods(screen, outcome.goods)
    if outcome.interesting:
        report.story(screen, stage, outcome.interesting)
    report.ending(screen, outcome)
    if options.stay:
        stage.tell_where()
        report.stay(screen, stage, outcome)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
        screen.print("\nstopping")
    else:
        report.following(screen)
    return 0 if outcome.fine else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--stay", action="store_true", help="keep everything up until Ctrl-C")
    parser.add_argument("--sales", type=int, default=25, help="how many sales are confirmed")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same sales and faults")
    parser.add_argument("--home", type=Path, default=HOME, help="where everything is written")
    return parser


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
