"""Why something could not be fetched, and whether asking again may help."""

from __future__ import annotations

from fashion_match.core.web.reason import CollectReason


class FetchError(Exception):
    """One address that could not be had.

    Args:
        detail: one line for people.
        retry: asking again later may help.
        wait_s: how long the server asks to be left alone.
        status: of the answer, where there was one.
    """

    def __init__(
        self,
        reason: CollectReason,
        detail: str,
        *,
        retry: bool = False,
        wait_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retry = retry
        self.wait_s = wait_s
        self.status = status
        self.final_address: str | None = None
        """Where redirects had led by then."""
