"""Addresses: what is refused before anything is resolved, what two spellings have in common, and header injection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match.core.web.address import AddressError, parse_address

SHOP = parse_address("https://shop.example/dresses/list.html?page=2")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("http://shop.example", "http://shop.example/"),
        ("HTTPS://Shop.Example:443/A.jpg#top", "https://shop.example/A.jpg"),
        ("http://shop.example:8080/a", "http://shop.example:8080/a"),
        ("http://shop.example./a", "http://shop.example/a"),
        (" http://shop.example/a ", "http://shop.example/a"),
        ("http://shop.example/a b.jpg?c=d e", "http://shop.example/a%20b.jpg?c=d%20e"),
        ("http://shop.example/kjolé.jpg", "http://shop.example/kjol%C3%A9.jpg"),
        ("http://shop.example/%20%zz", "http://shop.example/%20%25zz"),
        ("http://shop.example/public/../private/a", "http://shop.example/private/a"),
        ("http://shop.example/public/%2e%2E/private/./a", "http://shop.example/private/a"),
        ("http://shop.example/a/..", "http://shop.example/"),
        ("http://shop.example/../../etc/passwd", "http://shop.example/etc/passwd"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
        ("http://[2001:DB8::1]:81/", "http://[2001:db8::1]:81/"),
        ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    ],
)
def test_one_form(text, canonical):
    assert str(parse_address(text)) == canonical
    assert parse_address(canonical) == parse_address(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("images/1.jpg", "no full web address"),
        ("//shop.example/1.jpg", "no full web address"),
        ("file:///etc/passwd", "scheme file"),
        ("ftp://shop.example/1.jpg", "scheme ftp"),
        ("javascript:alert(1)", "scheme javascript"),
        ("data:image/png;base64,AAAA", "scheme data"),
        ("http://", "no host"),
        ("http:///a", "no host"),
        ("http://user:secret@shop.example/", "user name"),
        ("http://shop.example\\@127.0.0.1/", "user name"),
        ("http://shop.example\\.evil.example/", "cannot be a name"),
        ("http://shop example/", "cannot be a name"),
        ("http://-a.example/", "cannot be a name"),
        ("http://a..example/", "cannot be a name"),
        ("http://%31%32%37.0.0.1/", "cannot be a name"),
        (f"http://{'a' * 64}.example/", "cannot be a name"),
        ("http://shop.example:0/", "port 0"),
        ("http://shop.example:99999/", "cannot be understood"),
        ("http://shop.example:http/", "cannot be understood"),
        ("http://[::1/", "cannot be understood"),
        ("http://[fe80::1%25eth0]/", "interface"),
        ("http://2130706433/", "number for a host"),
        ("http://0x7f000001/", "number for a host"),
        ("http://0x7f.0.0.1/", "number for a host"),
        ("http://0177.0.0.1/", "number for a host"),
        ("http://127.1/", "number for a host"),
        ("http://1.2.3.4.5/", "number for a host"),
        ("http://127.0.0.08/", "number for a host"),
        ("http://shop.example/a\r\nX-Evil: 1", "line break"),
        ("http://shop.example/a\tb", "line break"),
        ("http://shop.example/\0", "line break"),
        ("http://shop.example/\ud800", "not text"),
        ("http://shop.example/" + "a" * 9000, "longer than"),
    ],
)
def test_refused(text, why):
    with pytest.raises(AddressError, match=why):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("/i/1.jpg", "https://shop.example/i/1.jpg"),
        ("1.jpg", "https://shop.example/dresses/1.jpg"),
        ("../1.jpg", "https://shop.example/1.jpg"),
        ("//cdn.example/1.jpg", "https://cdn.example/1.jpg"),
        ("http://cdn.example/1.jpg", "http://cdn.example/1.jpg"),
        ("?page=3", "https://shop.example/dresses/list.html?page=3"),
    ],
)
def test_relative_to_a_page(text, joined):
    assert str(parse_address(text, SHOP)) == joined


@given(st.one_of(st.text(max_size=80), st.builds("http://{}{}".format, st.text(max_size=20), st.text(max_size=60))))
def test_whatever_it_is_nothing_in_it_ends_a_header_line(text):
    for base in (None, SHOP):
        try:
            address = parse_address(text, base)
        except AddressError:
            continue
        sent = address.target + address.host
        assert sent.isascii()
        assert sent.isprintable()
        assert " " not in sent
        assert address.target.startswith("/")
        assert address.scheme in ("http", "https")
        assert not {"@", "/", "\\", "%"} & set(address.host)
        assert parse_address(str(address)) == address
