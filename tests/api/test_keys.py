"""Keys: who may come in, and what is kept of a key."""

from crossdock.api.keys import Holder, Keys, Role, digest_of, new_key

Row = tuple[bytes, str, str, str | None]


class Table:
    """A table of keys that counts how often it is read."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.reads = 0
        self.now_s = 0.0

    def load(self) -> list[Row]:
        self.reads += 1
        return list(self.rows)

    def keys(self) -> Keys:
        return Keys(self.load, lambda: self.now_s)


def test_a_key_opens_the_door_for_its_own_system_only() -> None:
    table, key = Table(), new_key()
    table.rows.append((digest_of(key), "shop", "system", "shop"))
    holder = table.keys().holder(f"Bearer {key}")
    assert holder == Holder("shop", Role.SYSTEM, "shop")
    assert holder.delivers("shop")
    assert not holder.delivers("wms")
    assert holder.reads("shop")
    assert not holder.reads("wms")
    assert not holder.reads(None)
    assert not holder.acts


def test_observers_read_everything_and_only_operators_act() -> None:
    observer, operator = Holder("o", Role.OBSERVER), Holder("p", Role.OPERATOR)
    assert observer.reads(None)
    assert operator.reads(None)
    assert operator.acts
    assert not observer.acts
    assert not operator.delivers("shop")


def test_unknown_missing_and_malformed_keys_have_no_holder() -> None:
    table, key = Table(), new_key()
    table.rows.append((digest_of(key), "shop", "system", "shop"))
    keys = table.keys()
    wrong = (None, "", key, f"Basic {key}", f"Bearer {key}x", "Bearer ", "Bearer " + "x" * 10_000)
    assert all(keys.holder(header) is None for header in wrong)


def test_a_key_made_while_the_hub_runs_works_at_once() -> None:
    table, key = Table(), new_key()
    keys = table.keys()
    assert keys.holder(f"Bearer {key}") is None
    table.rows.append((digest_of(key), "shop", "system", "shop"))
    assert keys.holder(f"Bearer {key}") is not None


def test_a_revoked_key_stops_within_a_second() -> None:
    table, key = Table(), new_key()
    table.rows.append((digest_of(key), "shop", "system", "shop"))
    keys = table.keys()
    assert keys.holder(f"Bearer {key}") is not None
    table.rows.clear()
    table.now_s = 1.0
    assert keys.holder(f"Bearer {key}") is None


def test_a_known_key_is_not_looked_up_in_the_store_each_time() -> None:
    table, key = Table(), new_key()
    table.rows.append((digest_of(key), "shop", "system", "shop"))
    keys = table.keys()
    for _ in range(100):
        assert keys.holder(f"Bearer {key}") is not None
    assert table.reads == 1


def test_the_digest_does_not_hold_the_key() -> None:
    key = new_key()
    assert len(digest_of(key)) == 32
    assert key.encode() not in digest_of(key)
    assert new_key() != key
