"""Coordinated in colour with a base item: the same, neighbouring, opposite, triadic or neutral."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from fashion_match import Hit, Options, Request, Stored, UsageError, VectorStore, Where

from .coloring.garment_color import Colors, colors_of, measured_colors, named_colors
from .coloring.harmony import Harmony, Relation, best_harmony
from .coloring.name import Shade, says_several, shades_of
from .given import given_items
from .narrow import lacking, one_of
from .pool import pool_size
from .reason import Candidate, best_hits
from .typical import typical_vector


class ColorOptions(Options):
    """Options of ``color``."""

    color: str | None = Field(None, description="base colour, in place of the given garment's own: Blue, or Blue/White")
    relations: list[Relation] = Field(list(Relation), description="which of them: complementary,triadic and so on")
    measure: bool = Field(False, description="look at the given garment's photo even where its colour has a name")
    unnamed: int = Field(
        32, ge=0, description="items without a colour name whose photos are looked at, nearest first; 4 ms each"
    )


class ColorRecommender:
    """Ranks by how well the colours go together, times how near the looks are.

    The score is the strength of the relation (0..1) x (1 + cosine) / 2, the cosine being that to the anchor, or to what
    is typical of the matching items where the base is described in words alone.
    """

    ranked_by = "harmony of colours x closeness"

    def __init__(self, options: ColorOptions) -> None:
        self.options = options
        self.note = ""

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        """Return items whose colours go with those of every given garment.

        Raises:
            UsageError: no base is given, or it has no colour.
        """
        bases = self._bases(request)
        vector = request.vector if request.vector is not None else typical_vector(store, request.where)[0]
        if vector is None:
            return []
        candidates = {  # an item of several colours may be found for several of them
            stored.item.id: Candidate(
                _weakest(harmonies).strength * (1 + (stored.score or 0.0)) / 2, stored, _said(harmonies)
            )
            for stored, harmonies in self._candidates(bases, vector, request, store)
        }
        if not candidates:
            names = " and ".join(dict.fromkeys(shade.name for base in bases for shade, _ in base))
            self.note = f"Nothing that matches goes with {names}, of: {', '.join(self.options.relations)}."
        return best_hits(candidates.values(), request)

    def _bases(self, request: Request) -> list[Colors]:
        if self.options.color is not None:
            shades = shades_of(self.options.color)
            if not shades:
                raise UsageError(f"{self.options.color!r} names no colour.", "Give one such as Blue, or Blue/White.")
            return [tuple((shade, 1 / len(shades)) for shade in shades)]
        given = given_items(request)
        if not given:
            raise UsageError(
                "'color' needs a garment to go with.", "Give a PICTURE, --like ID, or --describe color=Blue."
            )
        bases = []
        for item in given:
            colors = colors_of(item, measure_first=self.options.measure)
            if not colors:
                raise UsageError(
                    f"{item.id}: no colour is known of it, and none can be measured.", "Give --set color=Blue."
                )
            bases.append(colors)
        return bases

    def _candidates(
        self, bases: Sequence[Colors], vector: Sequence[float], request: Request, store: VectorStore
    ) -> Iterator[tuple[Stored, list[Harmony]]]:
        """Yield the nearest items of every relation, with the harmony that each has with each base."""
        named = store.facet("color") if store.spec.kinds.get("color") == "keyword" else {}
        going = {str(name): found for name in named if (found := self._going(bases, _colors_of(str(name))))}
        by_relation: dict[Relation, list[str]] = {}
        for name, harmonies in going.items():
            by_relation.setdefault(_weakest(harmonies).relation, []).append(name)
        for alike in by_relation.values():  # each by itself, or nearly all would be of the base's own colour
            where = one_of(request.where, "color", alike)
            for stored in self._nearest(vector, where, pool_size(request), request, store):
                color = stored.item.attributes["color"]
                harmonies = going[color] if isinstance(color, str) else self._going(bases, named_colors(stored.item))
                if harmonies:
                    yield stored, harmonies
        unnamed = lacking(request.where, "color", store) if self.options.unnamed else None
        if unnamed is not None:
            for stored in self._nearest(vector, unnamed, self.options.unnamed, request, store):
                harmonies = self._going(bases, measured_colors(stored.item))
                if harmonies:
                    yield stored, harmonies

    def _going(self, bases: Sequence[Colors], colors: Colors) -> list[Harmony]:
        """Return the harmony of ``colors`` with each base; nothing where they do not go with one of them."""
        wanted = frozenset(self.options.relations)
        found = [best_harmony(base, colors, wanted) for base in bases]
        return [harmony for harmony in found if harmony is not None] if all(found) else []

    def _nearest(
        self, vector: Sequence[float], where: Where, k: int, request: Request, store: VectorStore
    ) -> list[Stored]:
        return store.nearest(vector, where=where, k=k, exact=request.exact, exclude=sorted(request.exclude))


def _said(harmonies: Sequence[Harmony]) -> list[str]:
    return list(dict.fromkeys(map(str, harmonies)))


def _weakest(harmonies: Sequence[Harmony]) -> Harmony:
    return min(harmonies, key=lambda harmony: harmony.strength)


def _colors_of(name: str) -> Colors:
    """Return what the name of a colour means; ``Multi`` goes where a neutral goes, and says less."""
    if says_several(name):
        return ((Shade(name, (50.0, 0.0, 0.0), "multi", neutral=True), 0.5),)
    shades = shades_of(name)
    return tuple((shade, 1 / len(shades)) for shade in shades)
