"""The items of a run: read, split, labelled, and checked against what its methods need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from fashion_match.core.error import UsageError
from fashion_match.core.item import Failure
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.protocol import TrainingMethod
from fashion_match.core.train.dataset import Split, read_items, split_items, summarize
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.option import TrainOptions
from fashion_match.core.train.recipe import AttributeSummary


@dataclass
class RunData:
    """What is trained on, and what is held out."""

    source: str
    reader: str
    split: Split
    failures: list[Failure]
    """Records that the reader could not make an item of, and photos that could not be used."""

    @cached_property
    def labels(self) -> list[str | None]:
        """Of the items to train on."""
        return [self.split.label(item) for item in self.split.train]

    @cached_property
    def label_counts(self) -> Counter[str]:
        return Counter(label for label in self.labels if label is not None)

    @cached_property
    def attributes(self) -> dict[str, AttributeSummary]:
        return summarize(self.split.train)


def read_data(
    plugins: Plugins,
    request: TrainRequest,
    methods: Mapping[str, TrainingMethod],
    options: TrainOptions,
    notify: Callable[[str], None],
) -> RunData:
    """Read the source, and make sure that it is what the methods need.

    Raises:
        ReaderError: the source cannot be read.
        UsageError: the items lack what a method needs.
    """
    first = next(iter(methods.values()))
    name = request.reader or plugins.guess_reader(request.source)
    reader = plugins.readers[name].make(request.reader_options)
    items, failures = read_items(reader.read(request.source))
    split = split_items(
        items,
        label_by=options.label_by or tuple(first.label_by),
        override=bool(options.label_by),
        trains_on=first.trains_on,
        validation=0.0 if first.validation == "views" else options.validation,
        test=options.test,
        seed=options.seed,
        notify=notify,
    )
    data = RunData(request.source, name, split, failures)
    if not split.train:
        raise UsageError(f"{request.source} has no items to train on.", "`fm readers check` tells more.")
    needs = frozenset[str]().union(*(method.needs for method in methods.values()))
    named = " and ".join(methods)
    if "label" in needs:
        _need_labels(data, named, notify)
    if "attributes" in needs and not data.attributes:
        raise UsageError(
            f"{named} needs attributes, and no item of {data.source} has any.",
            "Use a source that gives them, or a method that needs none, such as orthogonal.",
        )
    return data


def _need_labels(data: RunData, named: str, notify: Callable[[str], None]) -> None:
    by = f" by {', '.join(data.split.label_by)}" if data.split.label_by else ""
    n = len(data.split.train)
    classes = [name for name, found in data.attributes.items() if 1 < len(found.counts) < n / 2]
    other = f"Say --label-by {classes[0]}, or use" if classes and not by else "Use"
    counts = data.label_counts
    if not counts:
        raise UsageError(
            f"{named} needs labels{by}, and no item of {data.source} has one.",
            f"{other} a method that needs none, such as orthogonal.",
        )
    if len(counts) == 1:
        raise UsageError(
            f"all items to train on have the same label{by}, {next(iter(counts))!r}: there is nothing to tell apart.",
            f"{other} a source with several.",
        )
    n_single = sum(1 for size in counts.values() if size == 1)
    if n_single == len(counts):
        raise UsageError(
            f"each of the {n_single:,} labels{by} has a single photo, so there is no pair to learn from.",
            f"{other} a method that needs none, such as orthogonal.",
        )
    if n_single:
        notify(f"{n_single:,} of {len(counts):,} labels have a single photo: it serves as a negative only.")
