"""A real Tryton for the tests marked `tryton`: installed on first use, cached for later runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_network

import pytest

from crossdock.charter.charter import Auth, FlowIn, System
from crossdock.connectors.tryton.connector import CONNECTOR
from crossdock.kit.connector import Tools
from crossdock.kit.credentials import badge
from crossdock.kit.guarded import GuardedClient
from crossdock.kit.http import Response
from crossdock.transport.http import HttpClient
from demo.tryton.rpc import Erp
from demo.tryton.server import TrytonServer
from tests.connectors.tryton.dialogue import tools_for

LOOPBACK = (ip_network("127.0.0.1/32"),)


def system_of(server: TrytonServer) -> System:
    """The charter's words for a running server."""
    return System(
        name="erp",
        connector="tryton",
        url=server.url,
        auth=Auth(type="session", user=server.hub_user, secret="ERP_PASSWORD"),
        flows_in=tuple(FlowIn(one.document) for one in CONNECTOR.declaration.documents_in),
        options={
            "database": server.database,
            "web_shop": "Shop window",
            "quarantine_location": "QUAR",
            "scrap_location": "SCRAP",
        },
    )


@pytest.fixture(scope="session")
def server() -> Iterator[TrytonServer]:
    """The server, on a database of its own."""
    with TrytonServer() as running:
        yield running


@pytest.fixture(scope="session")
def erp(server: TrytonServer) -> Erp:
    """A clerk of the company."""
    return server.erp()


@pytest.fixture(scope="session")
def tools(server: TrytonServer) -> Tools:
    """What the hub lends the connector."""
    return tools_for(system_of(server))


@pytest.fixture
async def client(server: TrytonServer, tools: Tools) -> AsyncIterator[GuardedClient]:
    """The hub's own client, signed in as the hub signs in."""

    def http() -> HttpClient[Response]:
        return HttpClient(server.url, make=Response, allow=LOOPBACK, timeout_s=60)

    door = http()
    session = CONNECTOR.credentials(tools, lambda: server.hub_password, door)
    proof = badge(tools.system.auth, lambda _: server.hub_password, session=session)
    guarded = GuardedClient(http(), badge=proof)
    yield guarded
    await guarded.close()
    await door.close()
