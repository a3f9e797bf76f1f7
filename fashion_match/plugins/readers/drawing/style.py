"""A style: a garment of a made-up shop, with everything that a catalogue would say about it."""

from __future__ import annotations

import random
from dataclasses import dataclass

PALETTE: dict[str, tuple[int, int, int]] = {
    "Black": (38, 38, 42),
    "White": (246, 245, 242),
    "Grey": (138, 141, 147),
    "Red": (198, 40, 48),
    "Blue": (44, 106, 200),
    "Navy Blue": (32, 44, 92),
    "Green": (52, 134, 78),
    "Yellow": (242, 200, 58),
    "Orange": (236, 126, 42),
    "Pink": (240, 154, 180),
    "Purple": (122, 74, 158),
    "Brown": (120, 78, 50),
    "Beige": (216, 196, 164),
}

PATTERNS = ("Plain", "Striped", "Checked", "Dotted", "Floral", "Zigzag")
BRANDS = ("Alderway", "Bluebell Mill", "Cobble Row", "Driftline", "Ember Lane", "Fernhill")
YEARS = range(2019, 2026)


@dataclass(frozen=True)
class Kind:
    """What is usual for garments of one category."""

    seasons: tuple[str, ...]
    genders: tuple[str, ...]
    usages: tuple[str, ...]
    price: float


_ALL_YEAR = ("Spring", "Summer", "Fall", "Winter")
_BOTH = ("Women", "Men", "Unisex")

CATEGORIES: dict[str, Kind] = {
    "T-shirt": Kind(("Spring", "Summer", "Summer"), _BOTH, ("Casual", "Sports"), 20),
    "Shirt": Kind(_ALL_YEAR, ("Women", "Men"), ("Formal", "Casual"), 45),
    "Sweater": Kind(("Fall", "Winter", "Winter"), _BOTH, ("Casual",), 60),
    "Jacket": Kind(("Spring", "Fall", "Winter"), _BOTH, ("Casual", "Sports"), 110),
    "Trousers": Kind(_ALL_YEAR, ("Women", "Men"), ("Formal", "Casual"), 70),
    "Shorts": Kind(("Spring", "Summer", "Summer"), _BOTH, ("Casual", "Sports"), 35),
    "Skirt": Kind(("Spring", "Summer", "Fall"), ("Women",), ("Casual", "Party"), 50),
    "Dress": Kind(("Spring", "Summer", "Summer", "Fall"), ("Women",), ("Party", "Casual", "Formal"), 90),
    "Shoes": Kind(_ALL_YEAR, _BOTH, ("Sports", "Casual"), 80),
    "Bag": Kind(_ALL_YEAR, ("Women", "Unisex"), ("Casual", "Formal", "Party"), 75),
    "Hat": Kind(("Summer", "Winter"), _BOTH, ("Casual",), 25),
}


@dataclass(frozen=True)
class Style:
    """One style. ``shape`` and ``accent`` set it apart from others of the same category, color and pattern."""

    number: int
    category: str
    color: str
    pattern: str
    season: str
    gender: str
    brand: str
    price: float
    year: int
    usage: str
    accent: tuple[int, int, int]
    """Second color of the pattern and of trimmings, RGB."""
    shape: tuple[float, ...]
    """Four numbers of 0..1: how wide, how long, how flared, and which of the small details."""
    pattern_scale: float

    @property
    def label(self) -> str:
        return f"style-{self.number:04}"

    @property
    def attributes(self) -> dict[str, str | float | int]:
        made = "" if self.pattern == "Plain" else f"{self.pattern.lower()} "
        return {
            "category": self.category,
            "color": self.color,
            "pattern": self.pattern,
            "season": self.season,
            "gender": self.gender,
            "brand": self.brand,
            "price": self.price,
            "year": self.year,
            "usage": self.usage,
            "name": f"{self.brand} {made}{self.category.lower()} in {self.color.lower()}",
        }


def make_style(number: int, seed: int) -> Style:
    """Return style ``number`` of the shop with this ``seed``; it is the same however many styles are drawn."""
    chance = random.Random(f"style {seed} {number}")
    category = tuple(CATEGORIES)[(number + seed) % len(CATEGORIES)]
    kind = CATEGORIES[category]
    color = chance.choice(tuple(PALETTE))
    return Style(
        number=number,
        category=category,
        color=color,
        pattern=chance.choice(("Plain", *PATTERNS)),
        season=chance.choice(kind.seasons),
        gender=chance.choice(kind.genders),
        brand=chance.choice(BRANDS),
        price=round(kind.price * chance.uniform(0.6, 1.6)) - 0.1,
        year=chance.choice(YEARS),
        usage=chance.choice(kind.usages),
        accent=_accent(PALETTE[color], chance),
        shape=tuple(chance.random() for _ in range(4)),
        pattern_scale=chance.uniform(0.8, 1.35),
    )


def _accent(color: tuple[int, int, int], chance: random.Random) -> tuple[int, int, int]:
    """Return a second color that can be told from ``color``: cream or ink, or a lighter or darker tone of it."""
    is_light = luminance(color) > 150
    tone = mix(color, (20, 22, 34) if is_light else (255, 255, 255), 0.45)
    neutral = (58, 64, 92) if is_light else (246, 242, 230)
    return chance.choice((neutral, neutral, tone))


def luminance(color: tuple[int, int, int]) -> float:
    """Return how bright a color is, 0..255."""
    red, green, blue = color
    return 0.299 * red + 0.587 * green + 0.114 * blue


def mix(one: tuple[int, int, int], other: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """Return ``one`` with this ``share`` (0..1) of ``other``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
