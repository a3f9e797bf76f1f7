"""The contract kit: a plugin that keeps its word passes, and each broken promise is found and said in a sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from fashion_match import (
    Encoding,
    Failure,
    Hit,
    Item,
    ModelError,
    Options,
    PluginError,
    Plugins,
    Preprocess,
    ReaderError,
    Reason,
    Recipe,
    Request,
    Step,
    TrainingContext,
    UsageError,
    VectorStore,
    Where,
)
from fashion_match.core.plugin.registry import Entry
from fashion_match.core.store.protocol import Point
from fashion_match.testing import (
    CheckResult,
    ContractError,
    MemoryStore,
    check_backbone,
    check_loss,
    check_method,
    check_reader,
    check_recommender,
    checks_for,
    matches,
    run_checks,
    write_samples,
)


def outcomes(plugin: Any, kind: str, **arguments: Any) -> dict[str, CheckResult]:
    entry = Entry("mine", plugin, arguments.pop("model", Options), "", "test")
    return {result.check: result for result in checks_for(entry, kind, **arguments)}


def failed(plugin: Any, kind: str, **arguments: Any) -> set[str]:
    return {name for name, result in outcomes(plugin, kind, **arguments).items() if result.outcome == "failed"}


# Readers


class LineReader:
    """Reads a text file with one ``ID COLOR`` a line."""

    def __init__(self, options: Options) -> None:
        pass

    def read(self, source: str) -> Iterator[Item | Failure]:
        try:
            lines = Path(source).read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ReaderError(f"cannot read {source}: {error}") from None
        for line in lines:
            yield self.item(source, *line.split())

    def item(self, source: str, name: str, color: str = "") -> Item | Failure:
        if not color:
            return Failure(item=name, file=source, reason=Reason.BAD_RECORD, detail="no color")
        return Item(id=name, image=None, attributes={"color": color})


@pytest.fixture
def lines(tmp_path: Path) -> str:
    (tmp_path / "lines.txt").write_text("a Blue\nb Red\nc\nd Green\n")
    return str(tmp_path / "lines.txt")


def test_a_good_reader_passes(lines: str) -> None:
    check_reader(LineReader, source=lines)
    results = outcomes(LineReader, "reader", source=lines)
    assert {name for name, result in results.items() if result.outcome != "passed"} == {"photos are found from here"}
    assert results["photos are found from here"].detail == "its items have no photos"


def test_without_a_source_it_says_how_to_give_one() -> None:
    results = outcomes(LineReader, "reader")
    assert results["ids are unique"] == CheckResult(
        "reader", "mine", "ids are unique", "skipped", "needs a source: give one with --source"
    )
    assert results["a missing source is a reader error"].outcome == "passed"


class ListReader(LineReader):
    def read(self, source: str) -> Any:
        return iter(list(super().read(source)))


class TracebackReader(LineReader):
    def read(self, source: str) -> Any:
        for line in Path(source).read_text().splitlines():
            yield self.item(source, *line.split())


class SilentReader(LineReader):
    def read(self, source: str) -> Any:
        yield from super().read(source) if Path(source).exists() else ()


class TwiceReader(LineReader):
    def read(self, source: str) -> Any:
        for record in super().read(source):
            yield record
            yield record


class CountingReader(LineReader):
    n_made = 0

    def item(self, source: str, *words: str) -> Any:
        CountingReader.n_made += 1
        return Item(id=str(CountingReader.n_made), image=None)


class DictReader(LineReader):
    def item(self, source: str, *words: str) -> Any:
        return {"id": words[0]}


class NothingReader(LineReader):
    def item(self, source: str, *words: str) -> Any:
        return Failure(item=None, file=source, reason=Reason.BAD_RECORD, detail="never good enough")


class ColourReader(LineReader):
    def item(self, source: str, name: str, color: str = "") -> Any:
        return Item(id=name, image=None, attributes={"Colour": color or "none"})


class ScoreReader(LineReader):
    def item(self, source: str, name: str, color: str = "") -> Any:
        return Item(id=name, image=None, scores={"color": 0.5})


class LostReader(LineReader):
    def item(self, source: str, name: str, color: str = "") -> Any:
        return Item(id=name, image=Path("relative/to/nothing.jpg"))


class NamelessReader(LineReader):
    def read(self, source: str) -> Any:
        try:
            yield from super().read(source)
        except ReaderError:
            raise ReaderError("something went wrong") from None


@pytest.mark.parametrize(
    ("reader", "check"),
    [
        (ListReader, "streams its records"),
        (TracebackReader, "nonsense is refused without a traceback"),
        (SilentReader, "a missing source is a reader error"),
        (NamelessReader, "a missing source is a reader error"),
        (TwiceReader, "ids are unique"),
        (CountingReader, "ids are the same on every reading"),
        (DictReader, "yields items and failures"),
        (NothingReader, "yields items and failures"),
        (ColourReader, "standard attributes have their standard names"),
        (ScoreReader, "scores belong to attributes"),
        (LostReader, "photos are found from here"),
        (lambda options: object(), "can be made without a source"),
    ],
)
def test_a_broken_reader_is_found(reader: Any, check: str, lines: str) -> None:
    assert check in failed(reader, "reader", source=lines)
    with pytest.raises(ContractError, match=check):
        check_reader(reader, source=lines)


def test_a_factory_that_fails_is_told_once() -> None:
    def broken(options: Options) -> Any:
        raise KeyError("x")

    results = outcomes(broken, "reader")
    assert [result.outcome for result in results.values()].count("failed") == 1
    assert results["can be made without a source"].detail == "raised KeyError: 'x'"
    assert results["ids are unique"].detail == "because of: can be made without a source"


# Backbones


def backbone(options: Options, *, weights: str = "none") -> Any:
    torch = pytest.importorskip("torch")
    if weights not in ("none", "pretrained") and not Path(weights).exists():
        raise ModelError(f"there is no file {weights}.")
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    network.dim = 8
    network.preprocess = Preprocess(resize_px=36, crop_px=32)
    if Path(weights).exists():
        from safetensors.torch import load_file

        network.load_state_dict(load_file(weights))
    return network


def test_a_good_backbone_passes() -> None:
    check_backbone(backbone)
    assert {result.outcome for result in outcomes(backbone, "backbone").values()} == {"passed"}


def broken_backbone(**changes: Any) -> Any:
    """A backbone whose ``dim``, ``preprocess``, forward pass or reading of weights is another one."""

    def make(options: Options, *, weights: str = "none") -> Any:
        weights = weights if changes.get("reads", True) else "none"
        network = backbone(options, weights=weights)
        network.dim = changes.get("dim", 8)
        network.preprocess = changes.get("preprocess", network.preprocess)
        if "after" in changes:
            network.register_forward_hook(lambda module, inputs, output: changes["after"](output))
        return network

    return make


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"dim": 9}, "maps pictures to rows of its width"),
        ({"dim": "8"}, "has a width and a preprocessing"),
        ({"preprocess": "resize"}, "has a width and a preprocessing"),
        ({"after": lambda out: out.double()}, "maps pictures to rows of its width"),
        ({"after": lambda out: out * float("nan")}, "features are finite and tell pictures apart"),
        ({"after": lambda out: out * 0}, "features are finite and tell pictures apart"),
        ({"after": lambda out: out * 0 + 1}, "features are finite and tell pictures apart"),
        ({"after": lambda out: out + __import__("torch").rand_like(out)}, "is deterministic"),
        ({"after": lambda out: out - out.mean(0) / 2}, "a picture does not depend on its batch"),
        ({"reads": False}, "reads its own weights file"),
        ({"reads": False}, "a missing weights file is a model error"),
    ],
)
def test_a_broken_backbone_is_found(changes: dict[str, Any], check: str) -> None:
    assert check in failed(broken_backbone(**changes), "backbone")
    with pytest.raises(ContractError, match=check):
        check_backbone(broken_backbone(**changes))


def test_weights_that_are_kept_outside_the_state_are_found() -> None:
    def make(options: Options, *, weights: str = "none") -> Any:
        import torch

        network = backbone(options, weights=weights)
        hidden = torch.randn(8)
        network.register_forward_hook(lambda module, inputs, output: output * hidden)
        return network

    assert "its state can be saved and loaded" in failed(make, "backbone")


# Losses and training methods


def pull(embeddings: Any, labels: Any) -> Any:
    """Mean squared distance of the pairs of one label."""
    same = (labels[:, None] == labels[None, :]).triu(1)
    distances = (embeddings[:, None] - embeddings[None, :]).square().sum(-1)
    return (distances * same).sum() / same.sum().clamp_min(1)


def gives(loss: Any) -> Any:
    """A factory that gives ``loss``, whatever the options and the data."""
    return lambda options, *, dim, n_labels: loss


def test_a_good_loss_passes() -> None:
    check_loss(gives(pull))
    results = outcomes(gives(pull), "loss")
    assert results["its state can be saved and loaded"].detail == "it has no state"


def proxies(options: Options, *, dim: int, n_labels: int, saved: bool = True) -> Any:
    """Mean cosine distance to the proxy of the label; the proxies may be kept where no state dict finds them."""
    torch = pytest.importorskip("torch")

    class Proxies(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows = torch.nn.Parameter(torch.randn(n_labels, dim))
            if not saved:
                self.hidden = [self._parameters.pop("rows")]

        def forward(self, rows: Any, labels: Any) -> Any:
            own = self.rows if saved else self.hidden[0]
            return 1 - torch.cosine_similarity(rows, own[labels]).mean()

    return Proxies()


def test_a_loss_is_told_about_width_and_labels_and_keeps_its_proxies() -> None:
    check_loss(proxies)
    assert {result.outcome for result in outcomes(proxies, "loss").values()} == {"passed"}


def test_proxies_that_are_kept_outside_the_state_are_found() -> None:
    found = failed(lambda options, **context: proxies(options, **context, saved=False), "loss")
    assert "its state can be saved and loaded" in found


def test_a_loss_that_knows_too_few_labels_is_found() -> None:
    def make(options: Options, *, dim: int, n_labels: int) -> Any:
        return proxies(options, dim=dim, n_labels=n_labels - 1)

    assert failed(make, "loss") == {"labels may be any of its labels"}


@pytest.mark.parametrize(
    ("loss", "check"),
    [
        (lambda rows, labels: pull(rows, labels).reshape(1), "is a finite scalar"),
        (lambda rows, labels: 1.0, "is a finite scalar"),
        (lambda rows, labels: pull(rows, labels) / 0, "is a finite scalar"),
        (lambda rows, labels: pull(rows.detach(), labels), "its gradient reaches the embeddings"),
        (lambda rows, labels: pull(rows, labels) + 1, "without a pair it is a zero that keeps the graph"),
        (
            lambda rows, labels: pull(rows, labels) if len(labels) > 1 else rows.detach().sum() * 0,
            "without a pair it is a zero that keeps the graph",
        ),
        (
            lambda rows, labels: pull(rows, labels) / (len(set(labels.tolist())) < len(labels) or len(labels) == 1),
            "one label or all different labels are allowed",
        ),
        (5, "is made and can be called"),
    ],
)
def test_a_broken_loss_is_found(loss: Any, check: str) -> None:
    assert check in failed(gives(loss), "loss")
    with pytest.raises(ContractError, match=check):
        check_loss(gives(loss))


class Method:
    """Pulls photos of a style together, and tells colors; its head looks at photo and attributes."""

    needs = frozenset({"label", "attributes"})
    label_by: Any = ()
    validation = "labels"
    trains_on = "all"

    def __init__(self, options: Options) -> None:
        pass

    def recipe(self, context: TrainingContext) -> Any:
        return Recipe(**self.parts(context))

    def parts(self, context: TrainingContext) -> dict[str, Any]:
        return {
            "terms": {"pull": self.pull, "color": self.color},
            "weights": {"color": 0.5},
            "head_options": {"dim": 5, "hidden": [4]},
            "encoding": Encoding(vocabularies={"color": tuple(context.attributes["color"].counts)}),
            "leave_out": (0.2, 0.3),
            "classes": {"color": ("Blue", "Green", "Red")},
            "defaults": {"lr": 1e-2},
        }

    def pull(self, step: Step) -> Any:
        rows, labels = step.labelled()
        return pull(rows, labels) if len(rows) else step.embeddings.sum() * 0

    def color(self, step: Step) -> Any:
        import torch

        known = step.targets["color"] >= 0
        logits = step.logits["color"][known]
        return torch.nn.functional.cross_entropy(logits, step.targets["color"][known]) if len(logits) else logits.sum()

    def make_head(self, dim: int, options: Any, encoding: Any) -> Any:
        return head(dim, encoding.width, options)


def head(dim: int, width: int, options: Any, change: Any = None) -> Any:
    torch = pytest.importorskip("torch")

    class Head(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dim = options["dim"]
            self.photo = torch.nn.Linear(dim, self.dim)
            self.attributes = torch.nn.Linear(width, self.dim)

        def forward(self, features: Any, codes: Any) -> Any:
            rows = self.photo(features) + self.attributes(codes)
            return change(rows, codes) if change else rows

    return Head()


def method(**changes: Any) -> Any:
    """A method some of whose parts, or parts of whose recipe or head, are others."""
    of_recipe = {name: changes.pop(name) for name in [*changes] if name in {f.name for f in fields(Recipe)}}
    of_head = changes.pop("after", None)

    class Changed(Method):
        def parts(self, context: TrainingContext) -> dict[str, Any]:
            return super().parts(context) | of_recipe

        def make_head(self, dim: int, options: Any, encoding: Any) -> Any:
            return head(dim, encoding.width, options, of_head)

    for name, value in changes.items():
        setattr(Changed, name, value)
    return Changed


def test_a_good_method_passes() -> None:
    check_method(Method)
    assert {result.outcome for result in outcomes(Method, "method").values()} == {"passed"}


def test_a_method_without_a_head_passes() -> None:
    headless = method(make_head=lambda self, dim, options, encoding: None)
    check_method(headless)
    skipped = {name for name, result in outcomes(headless, "method").items() if result.outcome == "skipped"}
    assert skipped == {"head options survive json", "its head gives rows of its width"}


def test_a_method_that_asks_for_other_data_is_told_so_and_not_blamed() -> None:
    def refuses(self: Any, context: TrainingContext) -> Any:
        raise PluginError("no item has the attribute 'heel'.")

    results = outcomes(method(recipe=refuses), "method")
    assert {result.outcome for result in results.values()} == {"passed", "skipped"}
    assert results["its recipe is whole"].detail == (
        "its recipe does not fit the sample: no item has the attribute 'heel'."
    )


def zero(step: Step) -> Any:
    return step.embeddings.sum() * 0


RECIPE, TERMS = "its recipe is whole", "its terms are finite and teach"
NOTHING = "a batch with nothing to learn is a zero that keeps the graph"
JSON, HEAD = "head options survive json", "its head gives rows of its width"


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"make_head": None}, "is made with its parts"),
        ({"needs": frozenset({"label", "patience"})}, "needs what there can be"),
        ({"needs": ["label"]}, "needs what there can be"),
        ({"label_by": "color"}, "says how it is trained and validated"),
        ({"trains_on": "queries"}, "says how it is trained and validated"),
        ({"validation": None}, "says how it is trained and validated"),
        ({"recipe": lambda self, context: {"terms": {}}}, RECIPE),
        ({"terms": {}, "weights": {}}, RECIPE),
        ({"weights": {"colour": 2.0}}, RECIPE),
        ({"weights": {"color": float("nan")}}, RECIPE),
        ({"batches": 4}, RECIPE),
        ({"leave_out": (0.5, 1.5)}, RECIPE),
        ({"classes": {"color": ("Red",)}}, RECIPE),
        ({"classes": {"color": ("Red", "Red")}}, RECIPE),
        ({"defaults": {"learning_rate": 0.1}}, RECIPE),
        ({"pull": lambda self, step: 1.0}, TERMS),
        ({"pull": lambda self, step: step.embeddings.sum(1)}, TERMS),
        ({"pull": lambda self, step: step.embeddings.sum() / 0}, TERMS),
        ({"pull": lambda self, step: step.embeddings.detach().sum()}, TERMS),
        ({"pull": lambda self, step: zero(step), "color": lambda self, step: zero(step)}, TERMS),
        ({"terms": {"t": lambda step: step.features.sum()}, "weights": {}}, TERMS),
        ({"terms": {"t": lambda step: (step.raw * 0).sqrt().sum()}, "weights": {}}, TERMS),
        ({"pull": lambda self, step: step.embeddings.sum()}, NOTHING),
        ({"pull": lambda self, step: pull(*step.labelled()) + 1}, NOTHING),
        ({"pull": lambda self, step: pull(*step.labelled()) if (step.labels >= 0).any() else 0.0}, NOTHING),
        ({"head_options": {"dim": 5, "kind": frozenset()}}, JSON),
        ({"after": lambda rows, codes: rows[:, :3]}, HEAD),
        ({"after": lambda rows, codes: rows / codes[:, :1]}, HEAD),
        ({"after": lambda rows, codes: rows / codes[:, 1:].sum(1, keepdim=True)}, HEAD),
        ({"after": lambda rows, codes: rows + __import__("torch").rand_like(rows)}, HEAD),
    ],
)
def test_a_broken_method_is_found(changes: dict[str, Any], check: str) -> None:
    assert check in failed(method(**changes), "method")
    with pytest.raises(ContractError, match=check):
        check_method(method(**changes))


def test_a_head_that_depends_on_how_often_it_is_made_is_found() -> None:
    made: list[int] = []

    def make_head(self: Any, dim: int, options: Any, encoding: Any) -> Any:
        made.append(1)
        return head(dim, encoding.width, {"dim": 5 + len(made)})

    assert JSON in failed(method(make_head=make_head), "method")


def test_terms_that_look_at_a_whole_epoch_are_told_of_it() -> None:
    class Epoch:
        rows: Any = None

        def begin_epoch(self, embed: Any, n_batches: int) -> None:
            (self.rows,) = embed()

        def __call__(self, step: Step) -> Any:
            assert not self.rows.requires_grad
            return pull(*step.labelled()) + (step.embeddings * 0).sum() + (step.embeddings - self.rows).abs().sum()

    check_method(method(terms={"epoch": Epoch()}, weights={}))


# Recommenders


class Near:
    """Nearest to the anchor."""

    ranked_by = "cosine to the anchor"

    def __init__(self, options: Options) -> None:
        pass

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        if request.vector is None:
            raise UsageError("no anchor.")
        found = store.nearest(
            request.vector,
            where=request.where,
            k=request.k,
            offset=request.offset,
            min_score=request.min_score,
            exclude=sorted(request.exclude),
        )
        return [Hit(id=s.item.id, score=s.score or 0, image=None, attributes=dict(s.item.attributes)) for s in found]


def changed(change: Any = None, **given: Any) -> Any:
    """A recommender that asks with ``given`` in the request, and changes the hits."""

    class Changed(Near):
        def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
            hits = super().recommend(replace(request, **given) if request.vector else request, store)
            return change(hits) if change else hits

    return Changed


def dressed(hit: Hit, *parts: Hit) -> Hit:
    """The hit as an outfit of these parts."""
    slots = ("top", "bottom", "shoes")
    outfit = tuple(p.model_copy(update={"slot": slot}) for p, slot in zip(parts, slots, strict=False))
    return hit.model_copy(update={"outfit": outfit})


def twin(hit: Hit) -> Hit:
    """Another item of the kit's collection, of another colour."""
    n = int(hit.id.removeprefix("item-"))
    return hit.model_copy(update={"id": f"item-{(n + 2) % 54:02}"})


ANCHOR = Hit(id="item-07", score=0, image=None)
SLOTLESS = "an outfit has every item once"


def random_hits(hits: list[Hit]) -> list[Hit]:
    import random

    return [hit.model_copy(update={"score": random.random()}) for hit in hits]


@pytest.mark.parametrize(
    ("recommender", "check"),
    [
        (changed(k=50), "returns at most k different items of the collection"),
        (changed(lambda hits: hits[:1] * 2), "returns at most k different items of the collection"),
        (changed(where=Where()), "every hit matches the filter"),
        (changed(lambda hits: hits[::-1]), "the best come first"),
        (changed(exclude=frozenset()), "excluded items stay out"),
        (changed(offset=0), "an offset skips the best"),
        (changed(min_score=None), "no score is below the least that was asked for"),
        (changed(random_hits), "the same request has the same answer"),
        (changed(lambda hits: hits or [Hit(id="x", score=0, image=None)]), "an empty collection gives no hits"),
        (changed(lambda hits: tuple(hits)), "answers a usual request"),
        (changed(lambda hits: []), "answers a usual request"),
        (type("Mute", (Near,), {"ranked_by": ""}), "says what its scores mean"),
        (changed(lambda hits: [dressed(hit, hit, twin(hit)) for hit in hits]), "every hit matches the filter"),
        (changed(lambda hits: [dressed(hit, hit, hit) for hit in hits]), "an outfit has every item once"),
        (changed(lambda hits: [dressed(hit, twin(hit), hit) for hit in hits]), "an outfit has every item once"),
        (changed(lambda hits: [dressed(hit, hit).model_copy(update={"outfit": (hit,)}) for hit in hits]), SLOTLESS),
        (changed(lambda hits: [dressed(hit, hit, ANCHOR) for hit in hits]), "excluded items stay out"),
    ],
)
def test_a_broken_recommender_is_found(recommender: Any, check: str) -> None:
    assert check in failed(recommender, "recommender")
    with pytest.raises(ContractError, match=check):
        check_recommender(recommender)


def test_a_good_recommender_passes() -> None:
    check_recommender(Near)
    assert {result.outcome for result in outcomes(Near, "recommender").values()} == {"passed"}


def test_a_good_recommender_of_outfits_passes() -> None:
    check_recommender(changed(lambda hits: [dressed(hit, hit) for hit in hits]))


def test_a_recommender_that_refuses_everything_is_found() -> None:
    class Refuses(Near):
        def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
            raise UsageError("not today.")

    assert failed(Refuses, "recommender") == {"answers a usual request"}


# What they share


class Needy(Options):
    path: str


def test_needed_options_can_be_given() -> None:
    def make(options: Needy) -> LineReader:
        assert options.path == "x"
        return LineReader(options)

    assert outcomes(make, "reader", model=Needy)["can be made without a source"].outcome == "failed"
    assert not failed(make, "reader", model=Needy, options={"path": "x"})
    check_reader(make, options=Needy(path="x"))


def test_a_check_by_name_covers_a_whole_package() -> None:
    plugins = Plugins(built_in=["fashion_match.plugins.recommenders"], installed=[])
    both = run_checks(plugins, "recommenders")
    assert {result.plugin for result in both} == {
        "similar",
        "attributes",
        "season",
        "color",
        "outfit",
        "ensemble",
    }
    assert {result.plugin for result in run_checks(plugins, "similar")} == {"similar"}
    with pytest.raises(PluginError, match="Did you mean 'similar'"):
        run_checks(plugins, "simlar")


def test_a_reader_is_checked_on_the_sample_that_it_claims(tmp_path: Path) -> None:
    samples = write_samples(tmp_path)
    assert len({Path(sample.removeprefix("drawn:")).name for sample in samples}) == len(samples)
    assert all(Path(sample).is_dir() for sample in samples if not sample.startswith("drawn:"))


def test_an_unknown_kind_is_our_bug() -> None:
    with pytest.raises(ValueError, match="no kind of plugin 'filter'"):
        checks_for(Entry("x", Near, Options, "", ""), "filter")


def test_importing_the_kit_imports_neither_pytest_nor_torch() -> None:
    code = (
        "import sys, fashion_match.testing; print([m for m in ('torch', 'pytest', 'numpy', 'PIL') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# The store in memory


def test_the_store_in_memory_does_what_a_store_does() -> None:
    store = MemoryStore(2)
    store.ensure({"color": "keyword", "size": "integer"}, ["color"])
    shelf = [("a", [1.0, 0.0], "Blue", 1), ("b", [3.0, 4.0], "Red", 2), ("c", [0.0, 2.0], "Blue", 3)]
    points = [
        Point(Item(id=name, image=None, attributes={"color": color, "size": size}), vector, name, (1, 2), "here")
        for name, vector, color, size in shelf
    ]
    store.upsert(points)
    near = store.nearest([2.0, 0.0], k=2, with_vectors=True)
    assert [(s.item.id, round(s.score or 0, 6)) for s in near] == [("a", 1.0), ("b", 0.6)]
    assert near[1].vector == [0.6, 0.8]
    assert [s.item.id for s in store.nearest([1.0, 0.0], where=Where.equal("color", "Blue"))] == ["a", "c"]
    assert [s.item.id for s in store.nearest([1.0, 0.0], offset=1, min_score=0.5)] == ["b"]
    assert sorted(s.item.id for s in store.scan(Where.parse("size>=2"))) == ["b", "c"]
    assert [s.item.id for s in store.fetch(["c", "x", "a"])] == ["c", "a"]
    assert store.facet("color") == {"Blue": 2, "Red": 1}
    assert store.count(Where.parse("color!=Blue")) == store.count(Where.equal("id", "a")) == 1
    assert store.count(Where.equal("source", "here")) == 3
    assert store.spec.scored == ("color",)
    assert store.payloads(["x"]) == [None]
    store.delete(["a"])
    assert store.count() == 2


def test_matching_is_told_by_plain_comparison() -> None:
    item = Item(id="a", image=None, label="s", attributes={"color": ["Blue", "White"], "price": 20, "size": "L"})
    for text in (
        "color=White",
        "price=20..50",
        "price<=20",
        "brand!=X",
        "label=s",
        "color in Red,Blue",
        "role=gallery",
    ):
        assert matches(item, Where.parse(text)), text
    for text in ("color!=White", "price<20", "price>20", "brand=X", "size<5", "label!=s"):
        assert not matches(item, Where.parse(text)), text
