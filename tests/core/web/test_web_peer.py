"""Which computers are talked to: a table of addresses, and every address of a host."""

from __future__ import annotations

import socket

import pytest

from fashion_match.core.web.address import parse_address
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.peer import checked_peers, forbidden, system_resolver
from fashion_match.core.web.reason import CollectReason

SHOP = parse_address("http://shop.example/")


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("0.0.0.0", "an unspecified"),
        ("0.1.2.3", "an unspecified"),
        ("10.1.2.3", "a private"),
        ("100.64.0.1", "a private"),
        ("100.127.255.255", "a private"),
        ("127.0.0.1", "a loopback"),
        ("127.255.255.254", "a loopback"),
        ("169.254.169.254", "a link-local"),
        ("172.16.0.1", "a private"),
        ("172.31.255.255", "a private"),
        ("192.0.0.8", "a reserved"),
        ("192.0.2.1", "a reserved"),
        ("192.88.99.1", "a reserved"),
        ("192.168.1.1", "a private"),
        ("198.18.0.1", "a reserved"),
        ("198.51.100.1", "a reserved"),
        ("203.0.113.1", "a reserved"),
        ("224.0.0.1", "a multicast"),
        ("239.255.255.255", "a multicast"),
        ("240.0.0.1", "a reserved"),
        ("255.255.255.255", "a reserved"),
        ("::", "an unspecified"),
        ("::1", "a loopback"),
        ("::127.0.0.1", "a reserved"),
        ("::ffff:127.0.0.1", "a loopback"),
        ("::ffff:10.0.0.1", "a private"),
        ("::ffff:169.254.169.254", "a link-local"),
        ("64:ff9b::7f00:1", "a loopback"),
        ("64:ff9b::a9fe:a9fe", "a link-local"),
        ("64:ff9b:1::1", "a reserved"),
        ("100::1", "a reserved"),
        ("2001::1", "a reserved"),
        ("2001:db8::1", "a reserved"),
        ("2002:7f00:1::", "a reserved"),
        ("3fff::1", "a reserved"),
        ("fc00::1", "a private"),
        ("fd12:3456::1", "a private"),
        ("fe80::1", "a link-local"),
        ("fe80::1%eth0", "a link-local"),
        ("fec0::1", "a private"),
        ("ff02::1", "a multicast"),
        ("ff02::1%1", "a multicast"),
        ("4000::1", "a reserved"),
        ("not an address", "an unknown kind of"),
        ("8.8.8.8", None),
        ("99.255.255.255", None),
        ("100.63.255.255", None),
        ("172.15.0.1", None),
        ("172.32.0.1", None),
        ("192.167.0.1", None),
        ("223.255.255.255", None),
        ("2606:4700::1111", None),
        ("2a00:1450::1", None),
        ("::ffff:8.8.8.8", None),
        ("64:ff9b::808:808", None),
    ],
)
def test_addresses(address, kind):
    assert forbidden(address) == kind


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.0.0.1", "fe80::1", "::ffff:192.168.0.1", "224.0.0.1"])
@pytest.mark.parametrize("first", [True, False])
def test_one_bad_address_of_a_host_is_enough(bad, first):
    peers = [bad, "8.8.8.8"] if first else ["8.8.8.8", bad]
    with pytest.raises(FetchError, match=r"shop\.example is a") as refused:
        checked_peers(SHOP, lambda *_: peers, allow_private=False)
    assert refused.value.reason == CollectReason.FORBIDDEN_ADDRESS
    assert not refused.value.retry


def test_public_addresses_are_kept_in_their_order():
    peers = ["2606:4700::1111", "8.8.8.8"]
    assert checked_peers(SHOP, lambda *_: peers, allow_private=False) == peers


@pytest.mark.parametrize(("peer", "permitted"), [("127.0.0.1", True), ("10.0.0.1", True), ("::1", True)])
def test_the_own_network_on_demand(peer, permitted):
    assert checked_peers(SHOP, lambda *_: [peer], allow_private=True) == [peer]


@pytest.mark.parametrize("peer", ["169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "240.0.0.1"])
def test_never_where_a_cloud_server_is_told_its_keys(peer):
    with pytest.raises(FetchError, match="address"):
        checked_peers(SHOP, lambda *_: [peer], allow_private=True)


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (socket.gaierror(socket.EAI_NONAME, "not known"), False),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), True),
        (UnicodeError("label too long"), False),
    ],
)
def test_a_host_that_is_not_known(error, retry):
    def resolver(host: str, port: int) -> list[str]:
        raise error

    with pytest.raises(FetchError) as unknown:
        checked_peers(SHOP, resolver, allow_private=False)
    assert (unknown.value.reason, unknown.value.retry) == (CollectReason.UNKNOWN_HOST, retry)


def test_the_system_says_the_same_of_a_number():
    assert system_resolver("127.0.0.1", 80) == ["127.0.0.1"]
