"""Addresses that servers listen on, of IPv4 and IPv6."""

import re
import socket

import pytest

from hearsay.errors import PortTaken
from hearsay.http.listening import in_url, listen, reached


@pytest.mark.parametrize("host", ["::1", "[::1]", "::", "localhost", "0.0.0.0"])
def test_the_server_listens_on_ipv4_and_ipv6_names_and_addresses(host: str):
    with listen(host, 0, "API") as place:
        own = {"0.0.0.0": "127.0.0.1", "localhost": place.getsockname()[0]}
        assert accepts_from(place, own.get(host, "::1"))


def test_all_addresses_include_those_of_version_4():
    with listen("::", 0, "API") as place:
        assert accepts_from(place, "127.0.0.1")


def accepts_from(place: socket.socket, address: str) -> bool:
    """Whether a connection to the socket's port at an address is accepted as the one that was made."""
    place.settimeout(20)
    with socket.create_connection((address, place.getsockname()[1]), timeout=20) as caller:
        accepted, peer = place.accept()
        accepted.close()
        return peer[1] == caller.getsockname()[1]


def test_an_address_of_version_6_is_in_brackets_on_the_web():
    assert [in_url(host) for host in ("::", "[::1]", "127.0.0.1", "localhost")] == [
        "[::]", "[::1]", "127.0.0.1", "localhost",
    ]  # fmt: skip


def test_a_host_that_does_not_exist_is_reported():
    with pytest.raises(PortTaken, match="set API_HOST to an address"):
        listen("no-such-host.invalid", 0, "API")


@pytest.mark.parametrize("host", ["::1", "[::1]", "127.0.0.1"])
def test_an_address_in_use_is_reported_with_the_setting(host: str):
    with listen(host, 0, "PAGE") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"{re.escape(in_url(host))}:{port} .*, or set PAGE_PORT"):
            listen(host, port, "PAGE")


def test_a_server_on_all_addresses_is_reached_on_this_machine():
    assert [reached(host) for host in ("::", "[::]", "0.0.0.0", "[::1]", "localhost")] == [
        "127.0.0.1", "127.0.0.1", "127.0.0.1", "::1", "localhost",
    ]  # fmt: skip
