"""How a database is named to people: never with its password, however many servers it has."""

from __future__ import annotations

import pytest

from crossdock.journal.postgresql.connection import spoken


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
    ],
)  # fmt: skip
def test_a_database_is_named_without_its_password(url: str, said: str) -> None:
    assert spoken(url) == said
