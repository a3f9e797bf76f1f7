"""Photos a second that the colours of garments are measured at, and how often the measured name agrees with the given.

Rate: real or drawn photos of 224 px, decoded beforehand, one core; the decoding is timed by itself. By processor time,
because a machine that others work on as well gives only a part of itself. Floor: 300 a second.
Agreement: products of *Fashion Product Images* with a named base colour, in ``FM_DATA`` (default ../shared/data);
skipped where that is absent. The guess to beat is the most frequent colour.

    python benchmarks/color_measure.py [--photos 500] [--seed 0] [--sheet disagreements.png]
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_match import Hit, open_photo
from fashion_match.core.report.recommendation_sheet import recommendation_sheet
from fashion_match.plugins.recommenders.coloring.name import shade_of
from fashion_match.plugins.recommenders.coloring.pixels import Swatch, measure

PRODUCTS = Path(os.environ.get("FM_DATA", "../shared/data")) / "products"
FLOOR = 300
SHOWN = 60


def read_rows(n: int, seed: int) -> list[dict[str, str]]:
    with (PRODUCTS / "styles.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if shade_of(row["baseColour"])]
    random.Random(seed).shuffle(rows)
    return rows[:n]


def draw_photos(n: int) -> list[npt.NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    photos = []
    for _ in range(n):
        photo = np.full((224, 224, 3), 255, np.uint8)
        photo[40:190, 60:160] = rng.integers(0, 256, 3) + rng.integers(-12, 13, (150, 100, 3))
        photos.append(photo)
    return photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of what does not agree")
    asked = parser.parse_args()
    rows = read_rows(asked.photos, asked.seed) if PRODUCTS.is_dir() else []
    paths = [PRODUCTS / "images" / f"{row['id']}.jpg" for row in rows]
    began = time.process_time()
    photos = [np.asarray(open_photo(path)) for path in paths]
    decoding_s = time.process_time() - began
    photos = photos or draw_photos(asked.photos)
    measure(photos[0])  # the first one makes the tables
    began, wall = time.process_time(), time.perf_counter()
    measured = [measure(photo) for photo in photos]
    spent_s, wall_s = time.process_time() - began, time.perf_counter() - wall
    rate = len(photos) / spent_s
    print(f"{len(photos)} {'real' if rows else 'drawn'} photos: {rate:.0f} a second of processor time (floor {FLOOR})")
    print(
        f"by the clock {len(photos) / wall_s:.0f}; decoding takes {1e3 * decoding_s / len(photos):.1f} ms a photo more"
    )
    if rows:
        compare(rows, paths, measured, asked.sheet)


def compare(rows: list[dict[str, str]], paths: list[Path], measured: list[list[Swatch]], sheet: Path | None) -> None:
    """Print how often the names agree, and what is taken for what most often."""
    given = [row["baseColour"] for row in rows]
    families = [shade.family if (shade := shade_of(name)) else "" for name in given]
    first = [swatches[0].shade for swatches in measured]
    n = len(rows)
    names = sum(a == b.name for a, b in zip(given, first, strict=True)) / n
    alike = sum(a == b.family for a, b in zip(families, first, strict=True)) / n
    among = sum(f in {s.shade.family for s in swatches} for f, swatches in zip(families, measured, strict=True)) / n
    guess, guess_family = (Counter(values).most_common(1)[0] for values in (given, families))
    print("\n| agreement | measured | always the most frequent |\n|---|---|---|")
    print(f"| same name | {names:.1%} | {guess[1] / n:.1%} ({guess[0]}) |")
    print(f"| same basic colour | {alike:.1%} | {guess_family[1] / n:.1%} ({guess_family[0]}) |")
    print(f"| basic colour among the measured ones | {among:.1%} | |")
    wrong = [i for i in range(n) if families[i] != first[i].family]
    confused = Counter((given[i], first[i].name) for i in wrong)
    print("\nTaken for another:", ", ".join(f"{a} for {b} {c}" for (a, b), c in confused.most_common(12)))
    if sheet is not None:
        hits = []
        for i in wrong[:SHOWN]:
            why = ", ".join(f"{swatch.shade.name} {swatch.share:.0%}" for swatch in measured[i][:3])
            attributes = {"category": rows[i]["articleType"], "color": given[i]}
            hits.append(
                Hit(id=rows[i]["id"], score=0, image=paths[i], attributes=attributes, why=(f"measured: {why}",))
            )
        recommendation_sheet(hits, given=[], heading=f"{len(wrong)} of {n} do not agree", out=sheet)


if __name__ == "__main__":
    main()
