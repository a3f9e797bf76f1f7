"""``fm eval``: what a model is worth on a source, by a protocol, with uncertainty, on sides that do not leak."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.compute import Compute
from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.evaluate.option import FilteredOptions, Options, PairOptions, parse_options
from fashion_match.core.evaluation import Evaluation, LeakCheck
from fashion_match.core.evaluation_folder import check_new, new_folder, write_evaluation
from fashion_match.core.evaluation_report import make_evaluation
from fashion_match.core.evaluation_request import EvalProgress, EvalRequest, Policy, Tell
from fashion_match.core.item import Failure, Item
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.tested import Part, Sides, choose_sides, part_of_labels

if TYPE_CHECKING:
    from fashion_match.core.evaluate.outcome import Outcome
    from fashion_match.core.evaluation import Leak
    from fashion_match.core.leak_check import OtherSide

LEAK_LIST = "leaks.csv"


def _silent(_: Any) -> None:
    pass


def evaluate(
    source: str | Path,
    *,
    protocol: str,
    model: str | Path,
    out: str | Path | None = None,
    plugins: Plugins | None = None,
    compute: Compute | None = None,
    reader: str | None = None,
    reader_options: Mapping[str, Any] | None = None,
    label_by: str | Sequence[str] = (),
    split: Part = "auto",
    gallery: str | Path | None = None,
    trained_on: Sequence[str | Path] = (),
    by: Sequence[str] | None = None,
    leaks: Policy = "refuse",
    n_resamples: int = 1000,
    seed: int = 0,
    notify: Callable[[str], None] = _silent,
    on_progress: Tell = _silent,
    **options: Any,
) -> Evaluation:
    """Measure a model on the items of ``source`` as ``fm eval`` does, and leave the report behind.

    Args:
        protocol: ``pairs``, ``retrieval``, ``match``, ``classify`` or ``filtered``.
        model: folder of a model, or of the run that made it.
        out: new folder for report, table, plots and page; by default one under ``fm-evals``.
        label_by: attributes that together are the label.
        split: part of the source that is tested; by default its test split, else what the model was not trained on.
        gallery: source that is searched, in place of the tested items themselves.
        leaks: what to do about items that are on both sides: ``refuse``, ``allow`` (every figure is marked), ``drop``.
        options: of the protocol, see `fashion_match.core.evaluate.option`: ``n_pairs=1000``, ``ks=(1, 5)``.

    Raises:
        DataError: items leak.
        UsageError: the source has not what the protocol needs, or ``out`` is taken.
        ReaderError, ModelError: the source cannot be read, or the model cannot be had.
    """
    from fashion_match.core.model.artifact import model_in

    request = EvalRequest(
        source=str(source),
        protocol=protocol,
        options=options,
        reader=reader,
        reader_options=dict(reader_options or {}),
        label_by=(label_by,) if isinstance(label_by, str) else tuple(label_by),
        part=split,
        gallery=None if gallery is None else str(gallery),
        trained_on=tuple(map(str, trained_on)),
        by=None if by is None else tuple(by),
        leaks=leaks,
        n_resamples=n_resamples,
        seed=seed,
    )
    folder = Path(out) if out is not None else new_folder(protocol)
    return Evaluating(
        plugins or Plugins(),
        request,
        model_in(Path(model)),
        str(model),
        folder,
        compute=compute or Compute(),
        notify=notify,
        on_progress=on_progress,
    ).run()


class Evaluating:
    """An evaluation from what was asked for to its folder.

    Args:
        model: folder of the model.
        named: how the model was asked for.
        folder: new folder for the results.

    Raises:
        UsageError: there is no such protocol, or it has no such option.
    """

    def __init__(
        self,
        plugins: Plugins,
        request: EvalRequest,
        model: Path,
        named: str,
        folder: Path,
        *,
        compute: Compute,
        notify: Callable[[str], None] = _silent,
        on_progress: Tell = _silent,
    ) -> None:
        from fashion_match.core.model.artifact import read_card

        self.plugins, self.request, self.model, self.named, self.folder = plugins, request, model, named, folder
        self.compute, self.notify, self.tell = compute, notify, on_progress
        self.options: Options = parse_options(request.protocol, dict(request.options))
        self.card = read_card(model)
        self.notes: list[str] = []
        self.failures: list[Failure] = []
        self.fitting: list[Item] = []
        self.leaks: list[Leak] = []
        self.seconds: dict[str, float] = {}

    def run(self) -> Evaluation:
        """Measure, and write what was found.

        Raises:
            DataError: items leak.
            UsageError: the source has not what the protocol needs, or the folder is taken.
            ReaderError, ModelError, PluginError: the source cannot be read, or the model cannot be had.
        """
        check_new(self.folder)
        sides = self._choose()
        sides, check = self._check_leaks(sides)
        outcome, tested = self._measure(sides)
        evaluation = make_evaluation(
            outcome,
            self.request,
            self.options,
            tested=tested,
            n_searched=len(sides.gallery or ()),
            leaks=check,
            model=(self.named, self.card.fingerprint),
            n_failed=len(self.failures),
            seconds=self.seconds,
            notes=self.notes,
        )
        write_evaluation(evaluation, outcome.table, self.leaks, self.folder)
        return evaluation

    # -- what is measured on what -----------------------------------------------------------------------------------

    def _read(self, source: str, reader: str | None = None, options: Mapping[str, Any] | None = None) -> list[Item]:
        from fashion_match.core.train.dataset import read_items

        name = reader or self.plugins.guess_reader(source)
        items, failures = read_items(self.plugins.readers[name].make(dict(options or {})).read(source))
        self.failures += failures
        if not items:
            raise UsageError(f"{source} has no items.", "`fm readers check` tells more.")
        return items

    def _choose(self) -> Sides:
        """Choose what is tested, what is searched, and what fits a threshold."""
        from fashion_match.core.measuring import neighbours
        from fashion_match.core.model.seen import hash_files, read_seen

        request = self.request
        items = self._read(request.source, request.reader, request.reader_options)
        gallery = None if request.gallery is None else self._read(request.gallery)
        self.seen = read_seen(self.model)
        contents: dict[str, str | None] = {}
        if self.seen is not None:
            files = [item.image for item in items]
            hashes = hash_files(files, lambda n: self.tell(EvalProgress("read", n, len(files))))
            contents = {item.id: content for item, content in zip(items, hashes, strict=True)}
        sides = choose_sides(items, request.part, seen=self.seen, contents=contents, gallery=gallery)
        if request.protocol == "match" and sides.gallery is None:
            raise UsageError(
                f"{request.source} has no queries and targets apart.",
                "Give the targets with --gallery SOURCE, or use --protocol retrieval.",
            )
        self._need_labels(sides.tested)
        self.notes.append(f"Tested: {sides.chosen}.")
        self._note_validation(sides, contents)
        if isinstance(self.options, PairOptions):
            sides = self._with_fitting(sides, self.options)
        return Sides(sides.tested, neighbours(self.options, self.model, sides), sides.rest, sides.chosen)

    def _need_labels(self, tested: Sequence[Item]) -> None:
        """Raise UsageError where nothing says what belongs together; told before a photo is read."""
        from fashion_match.core.train.dataset import label_of

        by = self.request.label_by
        known = {name for item in tested for name in item.attributes}
        for name in (*by, *(self.request.by or ())):
            if name not in known:
                near = did_you_mean(name, known, what="attributes")
                raise UsageError(f"no tested item has the attribute {name!r}.", near)
        needs = self.request.protocol in ("pairs", "retrieval", "match")
        if needs and not any(label_of(item, by, override=bool(by)) for item in tested):
            raise UsageError(
                f"{self.request.protocol} needs labels, and no tested item has one.",
                "Say what belongs together with --label-by category, or give a source whose items have labels.",
            )

    def _note_validation(self, sides: Sides, contents: Mapping[str, str | None]) -> None:
        """Say how many of the tested items chose the model's checkpoint."""
        if self.seen is None:
            untrained = self.card.provenance.get("weights") == "none"
            if not self.request.trained_on and not untrained:
                self.notes.append("What the model was trained on is not known: --trained-on SOURCE would tell.")
            return
        judged = {one.content for one in self.seen.items if one.role == "validation" and one.content is not None}
        n = sum(contents.get(item.id) in judged for item in sides.tested)
        if n:
            self.notes.append(
                f"{n:,} of the tested items chose the model's checkpoint and fitted its threshold, so figures are a "
                "little too good: `fm train --test 0.2` leaves a part of the items alone for this."
            )

    def _with_fitting(self, sides: Sides, options: PairOptions) -> Sides:
        """Choose what fits the threshold, if one is to be fitted, and take it out of what is tested."""
        from fashion_match.core.measuring import threshold_by

        if threshold_by(options, self.model) != "fit":
            return sides
        for split in ("val", "train"):
            self.fitting = [item for item in sides.rest if item.split == split]
            if self.fitting:
                return sides
        self.fitting, tested = part_of_labels(sides.tested, options.fit_part, self.request.seed)
        return Sides(tested, sides.gallery, sides.rest, sides.chosen)

    def _check_leaks(self, sides: Sides) -> tuple[Sides, LeakCheck]:
        if isinstance(self.options, FilteredOptions):
            return sides, LeakCheck(sides=("the index against exact search over the same items: nothing can leak",))
        from fashion_match.core.evaluate.evidence import Evidence
        from fashion_match.core.leak_check import check_leaks
        from fashion_match.core.measuring import searches_itself

        kept, check, self.leaks = check_leaks(
            sides.tested,
            self._other_sides(sides),
            within=searches_itself(self.options, self.model, sides.gallery),
            policy=self.request.leaks,
            evidence=Evidence(max_pixels=self.compute.max_pixels),
            out=self.folder.with_name(f"{self.folder.name}-{LEAK_LIST}"),
            tell=self.tell,
        )
        return Sides(kept, sides.gallery, sides.rest, sides.chosen), check

    def _other_sides(self, sides: Sides) -> list[OtherSide]:
        from fashion_match.core.evaluate.evidence import shot_of_item, shots_of_seen
        from fashion_match.core.leak_check import OtherSide

        trained = [] if self.seen is None else shots_of_seen(self.seen, "train")
        for source in self.request.trained_on:
            trained += [shot_of_item(item) for item in self._read(source)]
        searched = [shot_of_item(item) for item in sides.gallery or ()]
        by_class = bool(self.request.label_by) or self.request.protocol == "classify"
        others = [
            OtherSide("that the model was trained on", trained, labels=True),
            OtherSide("that fit the threshold", [shot_of_item(item) for item in self.fitting], labels=True),
            OtherSide("that are searched", searched, labels=by_class),
        ]
        return [side for side in others if side.shots]

    # -- measuring, and what remains --------------------------------------------------------------------------------

    def _measure(self, sides: Sides) -> tuple[Outcome, list[Item]]:
        """Embed, and let the protocol do its work; return the items that could be tested too."""
        from fashion_match.core.measuring import Measured, measure
        from fashion_match.core.sampling import embed_groups

        sampled = embed_groups(
            self.plugins,
            self.model,
            [sides.tested, sides.gallery or (), self.fitting],
            label_by=self.request.label_by,
            compute=self.compute,
            notify=self.notify,
            tell=self.tell,
        )
        self.failures += sampled.failures
        tested, gallery, fitting = sampled.samples
        began = time.perf_counter()
        outcome = measure(
            Measured(
                self.options,
                self.model,
                tested,
                None if sides.gallery is None else gallery,
                fitting,
                self.request.seed,
                self.tell,
            )
        )
        self.seconds = {
            "embed": sampled.seconds,
            "embed a photo": sampled.seconds / max(1, sampled.n_photos),
            "measure": time.perf_counter() - began,
        }
        return outcome, list(tested.items)
