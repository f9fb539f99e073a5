"""An 850 read, made an order of ours, and written as a 940: documents for each second of processor time of one core.

Everything that the hub does with the document is in it: the check of the 850 by the partner's grammar and its 997,
our document, the check before it leaves, the 940 and its check. What is not: storing and sending.
`python -m bench.partners [--sets 300] [--rounds 5]`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from crossdock.kit.connector import Ask, Content, Job
from tests.connectors.edi.trade import envelope, hub_of, set_850, site


def through(folder: Path, sets: int) -> Callable[[], int]:
    """What reads an interchange of orders and writes each for the warehouse; gives how many there were."""
    systems = hub_of(site(folder)).context.systems
    reader = next(iter(systems["retailer"].readers.values()))
    writer = systems["threepl"].writers["sales_order"]
    orders = "".join(set_850(f"{n:04}", f"PO-{n}") for n in range(1, sets + 1))
    content = Content(envelope(orders, "PO", 7).replace("\n", "").encode(), "application/edi-x12", {})

    def run() -> int:
        done = 0
        for draft in reader.read(content):
            if draft.document == "sales_order":
                assert draft.wrong is None, draft.wrong
                asked = writer.step(Job("sales_order", draft.tree, draft.tree["number"], f"t{done}.1"), [])
                assert isinstance(asked, Ask) and b"ST*940*" in asked.body
                done += 1
        return done

    return run


def main() -> None:
    """Prints the best of some rounds: others work on this machine too."""
    asks = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asks.add_argument("--sets", type=int, default=300)
    asks.add_argument("--rounds", type=int, default=5)
    asked = asks.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = through(Path(folder), asked.sets)
        run()
        rates: list[float] = []
        for _ in range(asked.rounds):
            began_s = time.process_time()
            done = run()
            rates.append(done / (time.process_time() - began_s))
    print(
        f"850 to 940: {max(rates):,.0f} documents/s at best, {min(rates):,.0f} at worst of {asked.rounds} rounds"
    )


if __name__ == "__main__":
    main()
