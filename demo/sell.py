"""`python -m demo.sell C-1001 TEA-0250=3 HON-0350=1`: one more sale in the ERP of a demo that stays up."""

from __future__ import annotations

import json
import sys

from demo.stage import HOME, Running
from demo.tryton import seed
from demo.tryton.rpc import Erp
from demo.tryton.sales import Wanted, books, open_sales


def main() -> int:
    """0 when the sale is confirmed; 2 for wrong use."""
    customers, items = {one[0] for one in seed.CUSTOMERS}, {product.sku for product in seed.PRODUCTS}
    customer, *lines = sys.argv[1:] or [""]
    parts = [line.partition("=") for line in lines]
    if (
        customer not in customers
        or not parts
        or any(sku not in items or not n.isdecimal() for sku, _, n in parts)
    ):
        print(
            f"say: python -m demo.sell CUSTOMER ITEM=QUANTITY …\n  customers: {', '.join(sorted(customers))}"
        )
        print(f"  items: {', '.join(sorted(items))}")
        return 2
    file = HOME / "running.json"
    if not file.exists():
        print("no demo stays up; start one with make demo STAY=1")
        return 1
    running = Running(**json.loads(file.read_text()))
    erp = Erp(running.erp_url, running.erp_database, "admin", running.erp_password)
    (sale,) = open_sales(erp, [Wanted(customer, tuple((sku, int(n)) for sku, _, n in parts))])
    number = books(erp, [sale])[0].number
    print(f"{number} is confirmed; see: crossdock trace sales_order {number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
