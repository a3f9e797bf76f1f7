"""Why a picture was not collected: a closed list, so that reports can be counted and acted on."""

from __future__ import annotations

from enum import StrEnum


class CollectReason(StrEnum):
    """Why a picture was not collected."""

    BAD_ADDRESS = "bad_address"
    FORBIDDEN_ADDRESS = "forbidden_address"
    ROBOTS = "robots"
    DUPLICATE_ID = "duplicate_id"
    BAD_RECORD = "bad_record"
    UNKNOWN_HOST = "unknown_host"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    HTTP_ERROR = "http_error"
    BAD_RESPONSE = "bad_response"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    WRONG_TYPE = "wrong_type"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"


REFUSED = frozenset(
    {
        CollectReason.BAD_ADDRESS,
        CollectReason.FORBIDDEN_ADDRESS,
        CollectReason.ROBOTS,
        CollectReason.DUPLICATE_ID,
        CollectReason.BAD_RECORD,
    }
)
"""Reasons for which a picture was not asked for. All others are failures: it was asked for and could not be had."""
