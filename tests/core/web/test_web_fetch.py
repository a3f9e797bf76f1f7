"""Fetching from a real server: redirects, limits, robots.txt, and whom a connection goes to."""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import replace

import pytest

from fashion_match.core.error import UsageError
from fashion_match.core.web.address import WebAddress, parse_address
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.fetch import Fetcher, user_agent
from fashion_match.core.web.pace import Pace
from fashion_match.core.web.reason import CollectReason
from fashion_match.core.web.request import Patience
from fashion_match.core.web.robots import RobotsCache
from tests.core.web.test_web_pace import Clock
from tests.web_site import (
    Site,
    drips,
    endless,
    fails,
    first,
    photo,
    raw,
    redirects,
    sends,
    slow,
)

PHOTO = photo()


@pytest.fixture
def site():
    with Site({"/a.jpg": PHOTO}) as site:
        yield site


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fetcher(clock):
    return Fetcher(
        agent=user_agent("me@example.org"),
        pace=Pace(1, now=clock.now, sleep=clock.sleep),
        robots=RobotsCache(2),
        patience=Patience(connect_s=2, read_s=1, total_s=1.5),
        allow_private=True,
    )


def get(fetcher: Fetcher, address: str, max_bytes: int = 100_000):
    return fetcher.get(parse_address(address), accept="image/*", max_bytes=max_bytes)


def failure(fetcher: Fetcher, address: str, max_bytes: int = 100_000) -> FetchError:
    with pytest.raises(FetchError) as failed:
        get(fetcher, address, max_bytes)
    return failed.value


def test_what_is_there_and_who_asked(fetcher, site):
    found = get(fetcher, f"{site.url}/a.jpg")
    assert (found.body, found.status, found.content_type) == (PHOTO, 200, "image/jpeg")
    assert found.robots == "no robots.txt"
    assert [path for _, path in site.asked] == ["/robots.txt", "/a.jpg"]
    headers = site.headers[-1]
    assert headers["User-Agent"].startswith("fm-collect/")
    assert headers["User-Agent"].endswith("(+me@example.org)")
    assert headers["Host"] == f"127.0.0.1:{site.port}"
    assert headers["Accept-Encoding"] == "identity"
    assert not {"Cookie", "Authorization", "Referer"} & headers.keys()


@pytest.mark.parametrize("contact", ["a b", "a\r\nX-Evil: 1", "a\n", "", "é@example.org", "a)", "a\0"])
def test_no_contact_can_end_the_header(contact):
    with pytest.raises(UsageError, match="--contact"):
        user_agent(contact)


def test_without_a_contact_it_says_what_it_is():
    assert user_agent(None).startswith("fm-collect/")


def test_the_rate_holds_for_every_request_robots_and_redirects_too(fetcher, site, clock):
    site.answers |= {"/b.jpg": redirects("/a.jpg"), "/robots.txt": sends(b"", "text/plain")}
    get(fetcher, f"{site.url}/b.jpg")
    get(fetcher, f"{site.url}/a.jpg")
    assert len(site.asked) == 4
    assert clock.time == 1003


def test_a_crawl_delay_is_kept_and_told(fetcher, site, clock):
    told: list[str] = []
    fetcher.notify = told.append
    site.answers["/robots.txt"] = sends(b"User-agent: *\nCrawl-delay: 20", "text/plain")
    for _ in range(3):
        get(fetcher, f"{site.url}/a.jpg")
    assert clock.time == 1041  # the first one had been let in at the usual pace
    assert told == ["127.0.0.1 asks for 20 s between two requests; that is kept."]


# -- redirects ------------------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_told(fetcher, site):
    site.answers |= {"/1": redirects("/2", 301), "/2": redirects(f"{site.url}/3", 308), "/3": redirects("a.jpg", 303)}
    assert str(get(fetcher, f"{site.url}/1").final) == f"{site.url}/a.jpg"


def test_five_redirects_are_enough(fetcher, site):
    site.answers |= {f"/{n}": redirects(f"/{n + 1}") for n in range(9)} | {"/9": PHOTO}
    assert get(fetcher, f"{site.url}/4").body == PHOTO
    assert failure(fetcher, f"{site.url}/3").reason == CollectReason.TOO_MANY_REDIRECTS
    site.answers["/loop"] = redirects("/loop")
    assert failure(fetcher, f"{site.url}/loop").reason == CollectReason.TOO_MANY_REDIRECTS


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("file:///etc/passwd", CollectReason.BAD_ADDRESS),
        ("ftp://127.0.0.1/a", CollectReason.BAD_ADDRESS),
        ("http://me:pw@127.0.0.1/a", CollectReason.BAD_ADDRESS),
        ("http://2130706433/a", CollectReason.BAD_ADDRESS),
        ("http://169.254.1.1/a", CollectReason.FORBIDDEN_ADDRESS),
        ("http://[fe80::1]/a", CollectReason.FORBIDDEN_ADDRESS),
        ("//inner.example/a", CollectReason.FORBIDDEN_ADDRESS),
    ],
)
def test_a_redirect_is_checked_like_the_first_address(fetcher, site, to, reason):
    fetcher.resolver = lambda host, _: {"inner.example": ["8.8.8.8", "240.0.0.1"]}.get(host, [host])
    site.answers["/r"] = redirects(to)
    error = failure(fetcher, f"{site.url}/r")
    assert error.reason == reason
    assert site.paths() == ["/r"]


def test_a_redirect_without_a_place(fetcher, site):
    site.answers["/r"] = fails(302)
    assert failure(fetcher, f"{site.url}/r").reason == CollectReason.BAD_RESPONSE


# -- whom it goes to ------------------------------------------------------------------------------------------------


def test_this_computer_is_not_asked_unless_that_is_said(fetcher, site):
    closed = replace(fetcher, allow_private=False)
    assert failure(closed, f"{site.url}/a.jpg").reason == CollectReason.FORBIDDEN_ADDRESS
    assert site.asked == []


def test_a_name_that_changes_its_address_gains_nothing(fetcher, site, monkeypatch):
    """DNS rebinding: what was checked is what is connected to; nobody resolves the name a second time."""
    resolved: list[str] = []
    looked_up: list[str] = []
    real = socket.getaddrinfo
    monkeypatch.setattr("socket.getaddrinfo", lambda host, *a, **k: looked_up.append(host) or real(host, *a, **k))
    fetcher.resolver = lambda host, _: resolved.append(host) or ["127.0.0.1"]
    found = get(fetcher, f"http://shop.example:{site.port}/a.jpg")
    assert found.body == PHOTO
    assert resolved == ["shop.example"] * 2  # for robots.txt and for the photo
    assert set(looked_up) == {"127.0.0.1"}
    assert site.headers[-1]["Host"] == f"shop.example:{site.port}"


@pytest.mark.parametrize("peers", [["::1", "127.0.0.1"], ["127.0.0.1", "::1"]])
def test_another_address_of_the_host_is_tried(fetcher, site, peers):
    fetcher.resolver = lambda *_: peers  # nothing listens on ::1
    assert get(fetcher, f"http://shop.example:{site.port}/a.jpg").body == PHOTO


def test_proxies_of_the_environment_are_not_used(fetcher, site, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert get(fetcher, f"{site.url}/a.jpg").body == PHOTO


def test_tls_is_for_the_name_though_the_connection_is_to_the_number(fetcher, site, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=shop.example"),
            *("-addext", "subjectAltName=DNS:shop.example"),
        ],
        check=True,
        capture_output=True,
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    names: list[str] = []
    served.sni_callback = lambda _, name, __: names.append(name) or None
    site._server.socket = served.wrap_socket(site._server.socket, server_side=True)
    fetcher.resolver = lambda *_: ["127.0.0.1"]
    fetcher.tls = ssl.create_default_context(cafile=str(certificate))
    assert get(fetcher, f"https://shop.example:{site.port}/a.jpg").body == PHOTO
    assert set(names) == {"shop.example"}
    assert site.headers[-1]["Host"] == f"shop.example:{site.port}"
    error = failure(fetcher, f"https://other.example:{site.port}/a.jpg")
    assert error.reason == CollectReason.UNREACHABLE
    assert "no secure connection" in error.detail
    assert not error.retry


# -- answers that are not what they should be -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason", "retry"),
    [
        (fails(404), CollectReason.HTTP_ERROR, False),
        (fails(401), CollectReason.HTTP_ERROR, False),
        (fails(500), CollectReason.HTTP_ERROR, True),
        (fails(503), CollectReason.HTTP_ERROR, True),
        (sends(PHOTO, status=206), CollectReason.HTTP_ERROR, False),
        (endless, CollectReason.TOO_LARGE, False),
        (sends(PHOTO, length=200_000), CollectReason.TOO_LARGE, False),
        (sends(PHOTO, length=5_000), CollectReason.TRUNCATED, True),
        (sends(gzip.compress(b"\0" * 10_000_000), Content_Encoding="gzip"), CollectReason.TOO_LARGE, False),
        (sends(gzip.compress(PHOTO)[:-20], Content_Encoding="gzip"), CollectReason.TRUNCATED, True),
        (sends(PHOTO, Content_Encoding="gzip"), CollectReason.BAD_RESPONSE, False),
        (sends(PHOTO, Content_Encoding="br"), CollectReason.BAD_RESPONSE, False),
        (raw(b"\x16\x03\x01 what?\r\n\r\n"), CollectReason.BAD_RESPONSE, False),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), CollectReason.BAD_RESPONSE, False),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"), CollectReason.BAD_RESPONSE, False),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), CollectReason.TRUNCATED, True),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabc"), CollectReason.TRUNCATED, True),
    ],
)
def test_bad_answers(fetcher, site, answer, reason, retry):
    site.answers["/bad"] = answer
    error = failure(fetcher, f"{site.url}/bad")
    assert (error.reason, error.retry) == (reason, retry)
    assert error.final_address == f"{site.url}/bad"


@pytest.mark.parametrize("answer", [drips(), drips(in_headers=True), slow(PHOTO, 3)])
def test_whoever_takes_for_ever_is_left(fetcher, site, answer):
    site.answers["/slow"] = answer
    began = time.monotonic()
    error = failure(fetcher, f"{site.url}/slow")
    assert (error.reason, error.retry) == (CollectReason.TIMEOUT, True)
    assert time.monotonic() - began < 2.5


def test_nobody_listens(fetcher):
    with Site() as site:
        gone = site.url
    error = failure(fetcher, f"{gone}/a.jpg")
    assert (error.reason, error.retry) == (CollectReason.UNREACHABLE, True)


def test_a_packed_photo_is_unpacked(fetcher, site):
    site.answers["/packed"] = sends(gzip.compress(PHOTO), Content_Encoding="gzip")
    assert get(fetcher, f"{site.url}/packed").body == PHOTO


def test_the_type_is_looked_at_before_the_body(fetcher, site):
    site.answers["/page"] = sends(b"x", "text/html; charset=utf-8", length=50_000)
    seen: list[str] = []

    def check(content_type: str) -> None:
        seen.append(content_type)
        raise FetchError(CollectReason.WRONG_TYPE, "no")

    with pytest.raises(FetchError, match="no"):
        fetcher.get(parse_address(f"{site.url}/page"), accept="*/*", max_bytes=100_000, check=check)
    assert seen == ["text/html"]


# -- when a host is busy --------------------------------------------------------------------------------------------


def test_a_host_that_asks_to_be_left_alone_is(fetcher, site, clock):
    site.answers["/busy"] = first(fails(429, Retry_After="30"), sends(PHOTO))
    error = failure(fetcher, f"{site.url}/busy")
    assert (error.retry, error.wait_s, error.status) == (True, 30, 429)
    get(fetcher, f"{site.url}/a.jpg")  # another photo of that host waits too
    assert clock.time == 1031


def test_a_host_that_asks_for_an_hour_is_given_up(fetcher, site, clock):
    site.answers["/busy"] = fails(503, Retry_After="3600")
    error = failure(fetcher, f"{site.url}/busy")
    assert not error.retry
    assert "3,600 s" in error.detail
    assert clock.time == 1001


# -- robots.txt -----------------------------------------------------------------------------------------------------


def text(content: bytes) -> object:
    return sends(content, "text/plain")


@pytest.mark.parametrize(
    ("robots", "decision"),
    [
        (fails(404), "no robots.txt"),
        (fails(403), "no robots.txt"),
        (text(b""), "allowed"),
        (text(b"User-agent: *\nDisallow: /b"), "allowed"),
        (sends(b"<html>not <b>found</b></html>", "text/html"), "allowed"),
        (text(b"\xff\xfe\x00\x01" * 100), "allowed"),
        (text(b"User-agent: *\nAllow: /\n" + b"#" * 900_000), "allowed"),
        (first(redirects("/robots2.txt"), text(b"")), "allowed"),
        (redirects("/robots.txt"), "no robots.txt"),
    ],
)
def test_robots_that_permit(fetcher, site, robots, decision):
    site.answers |= {"/robots.txt": robots, "/robots2.txt": text(b"User-agent: *\nDisallow: /b")}
    assert get(fetcher, f"{site.url}/a.jpg").robots == decision


@pytest.mark.parametrize(
    "robots",
    [
        text(b"User-agent: *\nDisallow: /a"),
        text(b"User-agent: fm-collect\nDisallow: /*.jpg$\n\nUser-agent: *\nAllow: /"),
        redirects("/robots2.txt"),
    ],
)
def test_robots_that_forbid(fetcher, site, robots):
    site.answers |= {"/robots.txt": robots, "/robots2.txt": text(b"User-agent: *\nDisallow: /a")}
    error = failure(fetcher, f"{site.url}/a.jpg")
    assert (error.reason, error.retry) == (CollectReason.ROBOTS, False)
    assert site.paths() in ([], ["/robots2.txt"])


def test_where_a_redirect_leads_robots_count_too(fetcher, site):
    with Site({"/robots.txt": text(b"User-agent: *\nDisallow: /"), "/a.jpg": PHOTO}) as other:
        site.answers["/r"] = redirects(f"{other.url}/a.jpg")
        assert failure(fetcher, f"{site.url}/r").reason == CollectReason.ROBOTS
        assert other.paths() == []


@pytest.mark.parametrize("robots", [fails(500), fails(503), fails(429), raw(b"nonsense\r\n\r\n")])
def test_a_site_in_trouble_is_not_asked_for_photos(fetcher, site, robots):
    site.answers["/robots.txt"] = robots
    for _ in range(5):
        assert failure(fetcher, f"{site.url}/a.jpg").reason == CollectReason.ROBOTS
    assert site.paths() == []
    assert len(site.asked) <= 2  # as often as it may be asked, and never again


def test_a_site_that_recovers_is_asked(fetcher, site):
    site.answers["/robots.txt"] = first(fails(503), text(b"User-agent: *\nDisallow: /b"))
    assert failure(fetcher, f"{site.url}/a.jpg").retry
    assert get(fetcher, f"{site.url}/a.jpg").robots == "allowed"


def test_robots_are_asked_for_once_however_many_want_to_know(fetcher, site):
    threads = [threading.Thread(target=get, args=(fetcher, f"{site.url}/a.jpg")) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path for _, path in site.asked].count("/robots.txt") == 1
    assert site.paths() == ["/a.jpg"] * 6


def test_robots_of_http_and_of_another_port_are_others():
    sites = {
        parse_address(f"{start}/x").site for start in ("http://a.example", "https://a.example", "http://a.example:81")
    }
    assert len(sites) == 3
    assert WebAddress("https", "::1", 8443, "/").site == "https://[::1]:8443"
