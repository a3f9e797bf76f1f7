"""robots.txt: which rule decides, for whom, and what a broken one means."""

from __future__ import annotations

import time
from urllib.robotparser import RobotFileParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match.core.web.error import FetchError
from fashion_match.core.web.reason import CollectReason
from fashion_match.core.web.robots import RobotsCache, Rules

AGENT = "fm-collect"


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("", "/a", True),
        ("Disallow:", "/a", True),
        ("Disallow: /", "/a", False),
        ("Disallow: /private/", "/private/a", False),
        ("Disallow: /private/", "/privates", True),
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Disallow: /a\nAllow: /a/b", "/a/c", False),
        ("Allow: /a\nDisallow: /a", "/a", True),
        ("Disallow: /*?", "/a?size=1", False),
        ("Disallow: /*?", "/a", True),
        ("Disallow: /*.jpg$", "/a/b.jpg", False),
        ("Disallow: /*.jpg$", "/a/b.jpg?x", True),
        ("Disallow: /a$", "/a", False),
        ("Disallow: /a$", "/ab", True),
        ("Disallow: /a*b*c", "/axxbyyc/d", False),
        ("Disallow: /a*b*c", "/axxcyyb", True),
        ("Disallow: /a*aa$", "/aaaa", False),
        ("Disallow: *", "/a", False),
        ("Disallow: /%61", "/a", False),
        ("Disallow: /é", "/%C3%A9", False),
        ("Disallow: /a # why", "/a", False),
        ("disallow:/a", "/a", False),
    ],
)
def test_rules(rules, path, allowed):
    assert Rules(f"User-agent: *\n{rules}", AGENT).allow(path) is allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: fm-collect\nDisallow: /", False),
        ("User-agent: FM-Collect/1.0\nDisallow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: fm-collect\nAllow: /", True),
        ("User-agent: fm-collect\nAllow: /\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: other\nUser-agent: fm-collect\nDisallow: /", False),
        ("User-agent: fm-collect\nDisallow: /x\n\nUser-agent: fm-collect\nDisallow: /a", False),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("User-agent: *\nSitemap: http://x/s.xml\nDisallow: /", False),
        ("Disallow: /", True),
        ("<html><body>User agent: all welcome</body></html>", True),
        ("\x00\xff\xfe:::\nDisallow", True),
    ],
)
def test_whose_rules(text, allowed):
    assert Rules(text, AGENT).allow("/a") is allowed


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        ("User-agent: *\nCrawl-delay: 10", 10),
        ("User-agent: *\nDisallow: /x\nCrawl-delay: 0.5", 0.5),
        ("User-agent: *\nCrawl-delay: soon", None),
        ("User-agent: *\nCrawl-delay: -1", None),
        ("User-agent: *\nCrawl-delay: inf", None),
        ("User-agent: *\nCrawl-delay: 999999999", 86_400),
        ("User-agent: other\nCrawl-delay: 10", None),
    ],
)
def test_delay(text, delay_s):
    assert Rules(text, AGENT).delay_s == delay_s


def test_why_not_the_standard_library():
    text = "User-agent: *\nDisallow: /*.jpg$"
    theirs = RobotFileParser()
    theirs.parse(text.splitlines())
    assert theirs.can_fetch(AGENT, "/a.jpg")
    assert not Rules(text, AGENT).allow("/a.jpg")


@given(st.text(max_size=300), st.text(max_size=60))
def test_nothing_makes_it_fail(text, path):
    Rules(text, AGENT).allow("/" + path)
    Rules(f"User-agent: *\nDisallow: {text}", AGENT).allow("/" + path)


def test_no_pattern_is_slow():
    rules = Rules("User-agent: *\nDisallow: /" + "*a" * 200 + "b$", AGENT)
    began = time.perf_counter()
    assert rules.allow("/" + "a" * 4000)
    assert time.perf_counter() - began < 1


def test_a_site_without_an_answer_is_given_up_after_the_last_attempt():
    site = RobotsCache(2).site("http://shop.example")
    busy = FetchError(CollectReason.ROBOTS, "busy", retry=True)
    assert site.fail(busy).retry
    assert site.error is None
    assert not site.fail(busy).retry
    assert site.error is not None
