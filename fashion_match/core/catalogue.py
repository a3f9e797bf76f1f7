"""A collection as Python sees it: open, ingest, query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from fashion_match.core.compute import Compute
from fashion_match.core.error import UsageError
from fashion_match.core.ingest_option import IngestOptions, Progress
from fashion_match.core.item import IngestReport, Item
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.query import Answer, Question, query
from fashion_match.core.settings import Settings, load_settings
from fashion_match.core.store.location import open_location
from fashion_match.core.store.name import check_name
from fashion_match.core.store.protocol import Location, VectorStore
from fashion_match.core.where import Where

if TYPE_CHECKING:
    from fashion_match.core.cluster import Clustering
    from fashion_match.core.duplicates import Duplicates
    from fashion_match.core.match import Match
    from fashion_match.core.neighbors import Neighborhood
    from fashion_match.core.report.map_point import CollectionMap
    from fashion_match.core.tag import Tagged


class Catalogue:
    """A collection of garments in a store: what the ``fm`` commands do, from Python.

    An embedded store is held by one process at a time; it is opened when first needed and held until `close`.

    Args:
        store: folder of the embedded store, or URL of a Qdrant server; by default ``FM_STORE``, then ``./fm-data``.
        collection: by default ``FM_COLLECTION``, then ``default``.
        plugins: by default the installed ones.
        location: an open place, in place of ``store``.
    """

    def __init__(
        self,
        store: str | Path | None = None,
        collection: str | None = None,
        *,
        plugins: Plugins | None = None,
        settings: Settings | None = None,
        location: Location | None = None,
    ) -> None:
        self.settings = settings or load_settings()
        self.collection = check_name(collection or self.settings.collection)
        self.plugins = plugins or Plugins()
        key = self.settings.api_key
        self.location = location or open_location(
            str(store or self.settings.store),
            api_key=key.get_secret_value() if key else None,
            cache=self.settings.cache,
            lock_timeout_s=self.settings.lock_timeout_s,
        )
        self._opened: VectorStore | None = None

    @property
    def store(self) -> VectorStore:
        """The open collection. Raises StoreError where there is none, or another process holds it."""
        if self._opened is None:
            self._opened = self.location.open(self.collection)
        return self._opened

    def ingest(
        self,
        source: str | Path,
        *,
        reader: str | None = None,
        reader_options: Mapping[str, Any] | None = None,
        model: str | Path | None = None,
        backbone: str | None = None,
        weights: str | None = None,
        backbone_options: Mapping[str, Any] | None = None,
        seed: int = 0,
        compute: Compute | None = None,
        options: IngestOptions | None = None,
        notify: Callable[[str], None] = lambda _: None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IngestReport:
        """Read ``source``, embed its photos and store them; what is stored unchanged is skipped.

        Raises:
            ReaderError: the source cannot be read.
            ModelError: the model cannot be had, or is not the one that the collection was made with.
            StoreError: the store refuses.
        """
        from fashion_match.core.ingest import Ingest
        from fashion_match.core.model.choice import ModelChoice

        self._release()
        return Ingest(
            plugins=self.plugins,
            location=self.location,
            collection=self.collection,
            source=str(source),
            reader=reader,
            reader_options=dict(reader_options or {}),
            model=ModelChoice(
                folder=Path(model) if model else None,
                backbone=backbone,
                weights=weights,
                options=dict(backbone_options or {}),
                seed=seed,
            ),
            compute=compute or Compute(max_pixels=self.settings.max_pixels),
            options=options or IngestOptions(),
            notify=notify,
            on_progress=on_progress,
        ).run()

    def query(
        self,
        picture: str | Path | None = None,
        *,
        describe: Mapping[str, str | float | int] | None = None,
        like: str | Sequence[str] = (),
        where: Where | str | Sequence[str] = (),
        k: int = 10,
        offset: int = 0,
        min_score: float | None = None,
        exact: bool = False,
        strategy: str | None = None,
        strategy_options: Mapping[str, Any] | None = None,
        compute: Compute | None = None,
        notify: Callable[[str], None] = lambda _: None,
        **attributes: str | float | int | Sequence[str],
    ) -> Answer:
        """Return ranked hits for a picture, a description, items of the catalogue, attributes, or any mix.

        Args:
            describe: attributes that the garment to find the like of has, ``{"color": "Blue"}``, together with the
                picture's own looks if there is one; for a model that looks at attributes. Unlike ``attributes`` they
                leave nothing out.
            where: conditions such as ``"price<50"``, see `Where.parse`.
            attributes: conditions by name: ``color="Blue"``, or ``color=["Blue", "Navy Blue"]`` for either.

        Raises:
            UsageError: the filter names what the collection does not hold, or the description what its model does not
                know, or the picture cannot be read.
            StoreError: there is no such collection, or another process holds it.
        """
        question = Question(
            picture=Path(picture) if picture is not None else None,
            describe={name: str(value) for name, value in (describe or {}).items()},
            like=(like,) if isinstance(like, str) else tuple(like),
            where=build_where(where, attributes),
            k=k,
            offset=offset,
            min_score=min_score,
            exact=exact,
            strategy=strategy,
            strategy_options=dict(strategy_options or {}),
        )
        compute = compute or Compute(max_pixels=self.settings.max_pixels)
        return query(self.plugins, self.location, self.store, question, compute=compute, notify=notify)

    def recommend(
        self,
        picture: str | Path | None = None,
        *,
        strategy: str | None = None,
        like: str | Sequence[str] = (),
        unlike: str | Sequence[str] = (),
        describe: Mapping[str, str | float | int] | None = None,
        where: Where | str | Sequence[str] = (),
        k: int = 10,
        offset: int = 0,
        min_score: float | None = None,
        exact: bool = False,
        one_per_product: bool = True,
        strategy_options: Mapping[str, Any] | None = None,
        compute: Compute | None = None,
        notify: Callable[[str], None] = lambda _: None,
        **attributes: str | float | int | Sequence[str],
    ) -> Answer:
        """Return what a strategy recommends: for garments, for a season, within a filter. Every hit says why.

        Args:
            strategy: name of a recommender; by default ``similar`` where a garment is given, else ``attributes``.
            like: items of the catalogue: the garments to find the like of, or something that goes with them.
            unlike: items whose like is not wanted.
            describe: attributes of the garment in the picture, or of one without a picture.
            where: conditions that every recommended item fulfils, see `Where.parse`.
            one_per_product: of items with one label the best alone, and none with the label of a given item.
            strategy_options: the recommender's own, as ``fm plugins show NAME`` lists them.
            attributes: conditions by name, as in `query`.

        Raises:
            UsageError: the filter names what the collection does not hold, or the strategy needs what is not given.
            PluginError: there is no such strategy, or it has no such option.
            StoreError: there is no such collection, or another process holds it.
        """
        question = Question(
            picture=Path(picture) if picture is not None else None,
            describe={name: str(value) for name, value in (describe or {}).items()},
            like=(like,) if isinstance(like, str) else tuple(like),
            unlike=(unlike,) if isinstance(unlike, str) else tuple(unlike),
            where=build_where(where, attributes),
            k=k,
            offset=offset,
            min_score=min_score,
            exact=exact,
            strategy=strategy,
            strategy_options=dict(strategy_options or {}),
            one_per_product=one_per_product,
            recommending=True,
        )
        compute = compute or Compute(max_pixels=self.settings.max_pixels)
        return query(self.plugins, self.location, self.store, question, compute=compute, notify=notify)

    def match(
        self,
        a: str | Path,
        b: str | Path,
        *,
        model: str | Path | None = None,
        threshold: float | None = None,
        compute: Compute | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Match:
        """Return whether two photos show one style, by the collection's model or another one.

        Args:
            model: folder of a saved model, or of the training run that made one.
            threshold: least cosine of one style; by default the model's own, if it has one.

        Raises:
            UsageError: a photo cannot be read, or neither a model is given nor is there a collection.
            ModelError: the model cannot be had.
        """
        (found,) = self.match_pairs([(a, b)], model=model, threshold=threshold, compute=compute, notify=notify)
        if found.failure is not None:
            raise UsageError(f"{found.failure}.", "Give another photo.")
        return found

    def match_pairs(
        self,
        pairs: Iterable[tuple[str | Path, str | Path] | tuple[str | Path, str | Path, bool | None]],
        *,
        folder: str | Path = "",
        model: str | Path | None = None,
        threshold: float | None = None,
        compute: Compute | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Iterator[Match]:
        """Yield whether the photos of each pair show one style; each photo is embedded once.

        A photo that cannot be used gives a `Match` that says why.

        Args:
            pairs: two paths each, and whether they show one style where that is known.
            folder: that relative paths begin in.

        Raises:
            UsageError: neither a model is given nor is there a collection.
            ModelError: the model cannot be had.
        """
        from fashion_match.core.match import find_model, match
        from fashion_match.core.pair_table import Pair

        return match(
            self.plugins,
            find_model(self.plugins, self.location, self.collection, Path(model) if model is not None else None),
            [Pair(str(a), str(b), *expected) for a, b, *expected in pairs],
            folder=Path(folder),
            threshold=threshold,
            compute=compute or Compute(max_pixels=self.settings.max_pixels),
            notify=notify,
        )

    def tag(
        self,
        photos: Sequence[str | Path],
        *,
        model: str | Path | None = None,
        compute: Compute | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Iterator[Tagged]:
        """Yield what the attributes of each photo are taken for, by the collection's model or another one.

        Raises:
            UsageError: neither a model is given nor is there a collection.
            ModelError: the model cannot be had, or predicts no attributes.
        """
        from fashion_match.core.match import find_model
        from fashion_match.core.tag import tag

        return tag(
            self.plugins,
            find_model(self.plugins, self.location, self.collection, Path(model) if model is not None else None),
            [Path(photo) for photo in photos],
            compute=compute or Compute(max_pixels=self.settings.max_pixels),
            notify=notify,
        )

    def find_model(
        self, model: str | Path | None = None, *, backbone: str | None = None, weights: str | None = None
    ) -> tuple[Path, str]:
        """Return the folder of the model that is meant, and how it was asked for; by default the collection's own.

        Raises:
            UsageError: nothing is given, and there is no such collection.
            ModelError: the model cannot be had.
        """
        from fashion_match.core.match import find_model
        from fashion_match.core.model.choice import ModelChoice, describe_origin, resolve_model

        if backbone is None and weights is None:
            folder = find_model(self.plugins, self.location, self.collection, None if model is None else Path(model))
            return folder, str(model) if model is not None else f"the model of the collection {self.collection}"
        choice = ModelChoice(folder=None if model is None else Path(model), backbone=backbone, weights=weights)
        library = self.settings.cache / "models"
        return resolve_model(self.plugins, library, choice, None), describe_origin(choice.origin())

    def neighbors(
        self,
        ids: str | Sequence[str] = (),
        *,
        k: int = 10,
        where: Where | str | Sequence[str] = (),
        out: str | Path | None = None,
        notify: Callable[[str], None] = lambda _: None,
        on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
        **attributes: str | float | int | Sequence[str],
    ) -> Sequence[Neighborhood]:
        """Return the ``k`` items nearest to each of some items, or to every one; exact, and never the item itself.

        A filter leaves out neighbours, and items too where no ids are given.

        Args:
            ids: of the items whose neighbours are wanted; none for all.
            out: file to write them to (``.jsonl``, ``.csv`` or ``.parquet``). With it a killed run over all items goes
                on where it stopped.
            on_progress: told the stage, how many items are done, and of how many.

        Raises:
            UsageError: there is no such item, or the filter names what the collection does not hold.
        """
        from fashion_match.core.neighbors import all_neighbors, neighbors_of, write_all_neighbors, write_neighbors

        checked = self._checked(where, attributes)
        if ids:
            found = neighbors_of(self.store, [ids] if isinstance(ids, str) else ids, where=checked, k=k)
            if out is not None:
                write_neighbors(Path(out), found)
            return found
        if out is None:
            return all_neighbors(self.store, where=checked, k=k, on_progress=on_progress)
        return write_all_neighbors(self.store, Path(out), where=checked, k=k, notify=notify, on_progress=on_progress)

    def duplicates(
        self,
        *,
        by: Literal["look", "cosine"] = "look",
        limit: float | None = None,
        where: Where | str | Sequence[str] = (),
        on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
        **attributes: str | float | int | Sequence[str],
    ) -> Duplicates:
        """Return groups of photos that the collection has twice, each with the one to keep; see `find_duplicates`.

        Raises:
            UsageError: the limit makes no sense, or nearly everything is alike.
        """
        from fashion_match.core.duplicates import find_duplicates

        return find_duplicates(
            self.store,
            where=self._checked(where, attributes),
            by=by,
            limit=limit,
            max_pixels=self.settings.max_pixels,
            on_progress=on_progress,
        )

    def clusters(
        self,
        k: int | None = None,
        *,
        k_range: tuple[int, int] = (2, 20),
        where: Where | str | Sequence[str] = (),
        write: bool = False,
        seed: int = 0,
        on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
        **attributes: str | float | int | Sequence[str],
    ) -> Clustering:
        """Return the items that match in ``k`` clusters, or in as many as have the best silhouette.

        Args:
            write: write the clusters into the collection too, as the attribute ``cluster``.

        Raises:
            UsageError: so many clusters cannot be made.
            StoreError: the collection has text by the name ``cluster``.
        """
        from fashion_match.core.cluster import cluster, write_attribute

        checked = self._checked(where, attributes)
        found = cluster(self.store, k=k, where=checked, k_range=k_range, seed=seed, on_progress=on_progress)
        if write:
            write_attribute(self.store, found, on_progress=on_progress)
        return found

    def map(
        self,
        *,
        by: str | None = None,
        method: Literal["pca", "tsne", "umap"] = "tsne",
        n_points: int = 1500,
        where: Where | str | Sequence[str] = (),
        seed: int = 0,
        on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
        **attributes: str | float | int | Sequence[str],
    ) -> CollectionMap:
        """Return the items that match as points of a plane, ready for `map_picture` and `map_page`.

        Args:
            by: attribute that colours the points; by default ``category``, else the label.

        Raises:
            UsageError: there is no such attribute, or UMAP is asked for and not installed.
        """
        from fashion_match.core.collection_map import make_map
        from fashion_match.core.store.check import check_key

        return make_map(
            self.store,
            attribute=None if by is None else check_key(by, self.store),
            method=method,
            where=self._checked(where, attributes),
            n_points=n_points,
            seed=seed,
            on_progress=on_progress,
        )

    def count(self, where: Where | str | Sequence[str] = (), **attributes: Any) -> int:
        """Return how many items match."""
        return self.store.count(self._checked(where, attributes))

    def items(self, where: Where | str | Sequence[str] = (), **attributes: Any) -> Iterator[Item]:
        """Yield the items that match, in an order that is random but does not change."""
        for stored in self.store.scan(self._checked(where, attributes)):
            yield stored.item

    def facet(self, attribute: str, where: Where | str | Sequence[str] = ()) -> dict[str | int | float, int]:
        """Count the values of ``attribute`` among the items that match, most frequent first."""
        from fashion_match.core.store.check import check_key

        return self.store.facet(check_key(attribute, self.store), self._checked(where, {}))

    def delete(self, ids: Sequence[str]) -> None:
        """Remove items. Ids that do not occur are ignored."""
        self.store.delete(ids)

    def drop(self) -> None:
        """Remove the collection and everything in it; the photos themselves stay."""
        self._release()
        self.location.drop(self.collection)

    def close(self) -> None:
        """Let go of the store; another process may have it then."""
        self._release()
        self.location.close()

    def _checked(self, where: Where | str | Sequence[str], attributes: Mapping[str, Any]) -> Where:
        from fashion_match.core.store.check import check_where

        return check_where(build_where(where, attributes), self.store)

    def _release(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def build_where(where: Where | str | Sequence[str], attributes: Mapping[str, Any]) -> Where:
    """Join a filter, or conditions as text, with conditions by attribute name; several values of one name are ORed.

    Raises:
        UsageError: a condition cannot be understood, or an attribute has no value.
    """
    if isinstance(where, Where):
        joined = where
    else:
        joined = Where()
        for text in [where] if isinstance(where, str) else where:
            joined = joined & Where.parse(text)
    for name, value in attributes.items():
        values = (value,) if isinstance(value, str | int | float) else tuple(value or ())
        if not values:
            raise UsageError(f"no value is given for {name}.", f"Give one, such as {name}='Blue', or leave it out.")
        joined = joined & Where.equal(name, *values)
    return joined
