"""How a database is named to people: never with its password, however many servers it has."""

from __future__ import annotations

import pytest

from crossdock.faults import Misconfigured
from crossdock.journal.address import is_written_well, spoken
from crossdock.journal.postgresql.connection import connect


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://hub:sec%40ret:1@a:5432,b:5433/x?target_session_attrs=read-write",
         "postgresql://hub@a:5432,b:5433/x?target_session_attrs=read-write"),
        ("postgresql://hub:secret@a/x", "postgresql://hub@a/x"),
        ("postgresql://hub@a:5432,b:5433/x", "postgresql://hub@a:5432,b:5433/x"),
        ("postgresql://a:5432/x", "postgresql://a:5432/x"),
        ("postgresql://a/x?password=secret&sslmode=require", "postgresql://a/x?password=…&sslmode=require"),
        ("postgresql://a/x?sslmode=require&sslpassword=secret", "postgresql://a/x?sslmode=require&sslpassword=…"),
        ("postgresql://hub:gehe@im@db/x", "postgresql://hub@db/x"),
        ("postgresql://hub:gehe/im@db/x", "postgresql://hub@db/x"),
        ("postgresql://hub:12/im@db/x", "postgresql://hub@db/x"),
        ("postgresql://hub:ge@he/im@db/x", "postgresql://hub@db/x"),
        ("postgresql://hub:12/ge?im@db/x", "postgresql://hub@db/x"),
        ("postgresql:///x?user=me@b&host=/run", "postgresql:///x?user=me@b&host=/run"),
    ],
)  # fmt: skip
def test_a_database_is_named_without_its_password(url: str, said: str) -> None:
    assert spoken(url) == said


@pytest.mark.parametrize("password", ["gehe@im", "gehe/im", "12/im", "ge@he/im", "12/ge?im"])
def test_a_password_that_is_not_escaped_is_not_told_but_how_to_write_it(password: str) -> None:
    with pytest.raises(Misconfigured, match="%40 for @, %2F for /, %3A for :") as told:
        connect(f"postgresql://hub:{password}@db/x")
    assert "postgresql://hub@db/x" in str(told.value)
    assert not any(part in str(told.value) for part in ("geh", "im", "12"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub:a:b@db/x", "postgresql://hub:p@[::1]:5432/x", "postgresql://hub@a:5432,b:5433/x?user=a@b",
        "postgresql:///x?host=/run", "postgresql://%2Frun/x", "postgresql://hub:p%40%2F@db",
    ],
)  # fmt: skip
def test_what_can_be_read_is_not_refused(url: str) -> None:
    assert is_written_well(url)
