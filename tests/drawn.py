"""What the small drawn catalogue of the tests is made of."""

from __future__ import annotations

from typing import Any

STYLES, VIEWS = 60, 2
N = STYLES * VIEWS
DRAWN = {"n_styles": STYLES, "views": VIEWS, "size_px": 96}
"""Options of the reader."""
MODEL: dict[str, Any] = {
    "backbone": "mobilenet_v3_small",
    "weights": "none",
    "backbone_options": {"image_size_px": 64},
}
"""Random weights at 64 px: a real network, in milliseconds."""
