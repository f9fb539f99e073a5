"""Which addresses the hub calls, and that a name cannot change its mind between check and use."""

from ipaddress import IPv4Network, IPv6Network

import pytest

from crossdock.faults import Misconfigured, TryLater
from crossdock.transport.address import AddressGuard, system_addresses
from tests.transport.scripted_server import well

PRIVATE = [
    "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "[::1]",
]  # fmt: skip


class Names:
    """A resolver that gives the next list of addresses each time, and the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Clock:
    """A clock that stands until it is moved."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address):
    assert not AddressGuard().permits(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_listed_address_is_let_through(address):
    everything = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
    assert AddressGuard(everything).permits(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"]
)
def test_a_public_address_is_let_through(address):
    assert AddressGuard().permits(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:7f00:1]"])
def test_an_address_in_disguise_is_refused_before_the_start(client, host):
    with pytest.raises(Misconfigured, match="not a public address") as caught:
        client(f"http://{host}:9000", allow=())
    assert "network.allow" in caught.value.fix


async def test_a_name_that_leads_to_a_private_address_is_not_called(serve, client):
    server = await serve(well)
    url = f"http://wms.test:{server.port}"
    names = Names(["127.0.0.1"])
    with pytest.raises(TryLater, match=r"wms\.test leads to 127\.0\.0\.1") as caught:
        await client(url, allow=(), resolve=names).send("POST", "/wh", body=b"{}")
    assert "network.allow" in caught.value.fix
    assert server.connections == 0
    await client(url, resolve=names).send("POST", "/wh", body=b"{}")  # the guard told otherwise
    assert server.connections == 1


async def test_the_checked_address_is_the_one_called(serve, client):
    """No other resolver is asked: `wms.test` has no address but the one that was checked."""
    server = await serve(well)
    names = Names(["127.0.0.1"], ["127.0.0.9"])  # a name that answers otherwise the second time
    one = client(f"http://wms.test:{server.port}", resolve=names)
    for _ in range(3):
        assert (await one.send("POST", "/wh", body=b"{}")).status == 200
    assert (names.asked, server.connections) == (1, 1)


async def test_a_name_that_moves_to_a_private_address_is_left(serve, client):
    server, clock = await serve(well), Clock()
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    one = client(f"http://wms.test:{server.port}", resolve=names, clock=clock)
    await one.send("POST", "/wh", body=b"{}")
    clock.now_s += 60
    with pytest.raises(TryLater, match=r"leads to 10\.0\.0\.1"):
        await one.send("POST", "/wh", body=b"{}")
    assert len(server.requests) == 1


async def test_a_failing_name_server_does_not_stop_a_connection_that_works(serve, client):
    server, clock = await serve(well), Clock()

    async def once(host: str, port: int) -> list[str]:
        if clock.now_s > 1000.0:
            raise OSError("no name server")
        return ["127.0.0.1"]

    one = client(f"http://wms.test:{server.port}", resolve=once, clock=clock)
    await one.send("POST", "/wh", body=b"{}")
    clock.now_s += 60
    assert (await one.send("POST", "/wh", body=b"{}")).status == 200
    assert server.connections == 1


async def test_the_next_address_of_a_name_is_tried_after_one_failed(serve, client):
    server = await serve(well)
    one = client(f"http://wms.test:{server.port}", resolve=Names(["127.0.0.9", "127.0.0.1"]))
    with pytest.raises(TryLater):
        await one.send("POST", "/wh", body=b"{}")
    assert (await one.send("POST", "/wh", body=b"{}")).status == 200


async def test_the_operating_system_knows_localhost():
    assert {"127.0.0.1", "::1"} & set(await system_addresses("localhost", 80))
