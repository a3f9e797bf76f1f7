"""What every training method promises. Checked on twelve items with labels and attributes, without a backbone."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.error import PluginError
from fashion_match.core.item import Item
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.train.dataset import summarize
from fashion_match.core.train.option import parse_options
from fashion_match.core.train.recipe import Batches, Recipe, Step, TrainingContext
from fashion_match.testing.contract import ContractError, Skip, Subject, options_refuse_what_they_do_not_know, require

if TYPE_CHECKING:
    import torch

NEEDS = frozenset({"label", "attributes"})
CHOICES = {"trains_on": ("all", "gallery"), "validation": ("labels", "attributes", "views")}
DIM = 16
VALUES = {
    "category": ("Shirts", "Jeans"),
    "color": ("Red", "Blue", "Green"),
    "pattern": ("Plain", "Striped"),
    "season": ("Summer", "Winter"),
    "gender": ("Women", "Men"),
    "usage": ("Casual", "Formal"),
    "brand": ("Acme", "Umbrella"),
}


def sample_items() -> list[Item]:
    """Six styles of two photos each, with all standard attributes."""
    return [
        Item(
            id=f"i{n}",
            image=Path(f"{n}.jpg"),
            label=f"style {n // 2}",
            attributes={name: values[n // 2 % len(values)] for name, values in VALUES.items()}
            | {"price": 10.0 + 5 * n, "year": 2010 + n % 3, "name": f"item {n}"},
        )
        for n in range(12)
    ]


@dataclass
class MethodSubject(Subject):
    @cached_property
    def method(self) -> Any:
        return self.entry.make(self.options)

    @cached_property
    def items(self) -> list[Item]:
        return sample_items()

    @cached_property
    def recipe(self) -> Recipe:
        """Its recipe for the sample, or Skip where its options ask for other data."""
        import torch

        counts = Counter(item.label for item in self.items if item.label is not None)
        losses = Plugins().losses

        def make_loss(name: str, options: Mapping[str, Any] | None = None, *, dim: int) -> Any:
            return losses[name].make(options, dim=dim, n_labels=len(counts))

        context = TrainingContext(
            dim=DIM,
            n_items=len(self.items),
            label_counts=dict(counts),
            attributes=summarize(self.items),
            make_loss=make_loss,
        )
        torch.manual_seed(0)
        try:
            recipe: Recipe = self.method.recipe(context)
        except PluginError as error:
            raise Skip(f"its recipe does not fit the sample: {error.problem}") from None
        return recipe

    def make_head(self, options: Mapping[str, Any]) -> Any:
        import torch

        torch.manual_seed(0)
        return self.method.make_head(DIM, options, self.recipe.encoding)

    @cached_property
    def head(self) -> Any:
        head = self.make_head(dict(self.recipe.head_options))
        if head is None:
            raise Skip("it has no head of its own")
        return head

    @cached_property
    def network(self) -> Any:
        """The head, or the features themselves, with what tells classes, over a backbone that is not there."""
        from torch import nn

        from fashion_match.core.model.network import Classifier, Network
        from fashion_match.core.model.preprocess import Preprocess

        head = self.make_head(dict(self.recipe.head_options))
        width = DIM if head is None else int(head.dim)
        classifier = Classifier(width, self.recipe.classes) if self.recipe.classes else None
        backbone: Any = nn.Identity()
        backbone.dim = DIM
        return Network(backbone, head, Preprocess(), classifier)

    def step(self, *, known: bool = True) -> Step:
        """Return what the terms see of all items, each as often as the recipe wants views of it.

        Args:
            known: whether labels and attributes are told.
        """
        import torch

        from fashion_match.core.model.network import to_unit
        from fashion_match.core.train.batch import make_table

        items = [item for item in self.items for _ in range(self.recipe.batches.views)]
        names = sorted({item.label for item in items if item.label is not None})
        told = items if known else [item.model_copy(update={"label": None, "attributes": {}}) for item in items]
        table = make_table(told, [item.label for item in told], names, self.recipe.classes, self.recipe.encoding)
        generator = torch.Generator().manual_seed(1)
        features = torch.randn(len(items), DIM, generator=generator).requires_grad_()
        raw = self.network.embed(features, table.codes)
        rows = to_unit(raw)
        return Step(
            embeddings=rows,
            raw=raw,
            features=features,
            labels=table.labels,
            items=torch.arange(len(self.items)).repeat_interleave(self.recipe.batches.views),
            targets=table.targets,
            logits={} if self.network.classifier is None else self.network.classifier(rows),
            progress=0.5,
        )

    def values(self, step: Step) -> dict[str, torch.Tensor]:
        """Return what each term makes of ``step``, as the whole of an epoch."""
        import torch

        def embed() -> Iterator[torch.Tensor]:
            yield step.embeddings.detach()

        values = {}
        for name, term in self.recipe.terms.items():
            if hasattr(term, "begin_epoch"):
                term.begin_epoch(embed, 1)
            values[name] = term(step)
            require(
                isinstance(values[name], torch.Tensor) and values[name].ndim == 0,
                f"the term {name!r} must give a scalar tensor, but gave {values[name]!r}",
            )
            require(bool(values[name].isfinite()), f"the term {name!r} must be finite, but is {values[name].item()}")
            require(values[name].requires_grad, f"the term {name!r} must keep the graph, so that backward() works")
        return values


def is_made_with_its_parts(subject: MethodSubject) -> None:
    for part in ("recipe", "make_head"):
        require(callable(getattr(subject.method, part, None)), f"a training method must have a method {part}()")


def needs_what_there_can_be(subject: MethodSubject) -> None:
    needs = getattr(subject.method, "needs", None)
    require(isinstance(needs, frozenset), f"needs must be a frozenset, but is {type(needs).__name__}")
    surplus = sorted(needs - NEEDS) if isinstance(needs, frozenset) else []
    require(not surplus, f"needs may name {sorted(NEEDS)}, but names {surplus}")


def says_how_it_is_trained_and_validated(subject: MethodSubject) -> None:
    label_by = getattr(subject.method, "label_by", None)
    require(
        isinstance(label_by, tuple) and all(isinstance(name, str) for name in label_by),
        f"label_by must be a tuple of names of attributes, but is {label_by!r}",
    )
    for part, allowed in CHOICES.items():
        found = getattr(subject.method, part, None)
        require(found in allowed, f"{part} must be one of {', '.join(allowed)}, but is {found!r}")


def its_recipe_is_whole(subject: MethodSubject) -> None:
    recipe = subject.recipe
    require(isinstance(recipe, Recipe), f"recipe() must return a Recipe, but returned {type(recipe).__name__}")
    require(recipe.terms, "a recipe must have at least one term")
    strange = sorted(set(recipe.weights) - set(recipe.terms))
    require(not strange, f"weights must be those of its terms, but {strange} are none")
    require(all(map(math.isfinite, recipe.weights.values())), "weights must be finite")
    require(isinstance(recipe.batches, Batches), "its batches must be a Batches")
    chances = recipe.leave_out
    require(
        len(chances) == 2 and all(0 <= chance < 1 for chance in chances),
        f"leave_out must be two chances from 0 up to 1, but is {chances!r}",
    )
    for name, values in recipe.classes.items():
        require(len(set(values)) == len(values) > 1, f"the classes of {name!r} must be two or more that differ")
    parse_options({}, recipe.defaults)


def its_terms_are_finite_and_teach(subject: MethodSubject) -> None:
    import torch

    step = subject.step()
    values = subject.values(step)
    total = torch.stack([value * subject.recipe.weights.get(name, 1.0) for name, value in values.items()]).sum()
    head = subject.network.head
    learned = [] if head is None else [parameter for parameter in head.parameters() if parameter.requires_grad]
    of_features, *of_head = torch.autograd.grad(total, [step.features, *learned], allow_unused=True)
    found = [gradient for gradient in (of_features, *of_head) if gradient is not None]
    require(all(bool(gradient.isfinite().all()) for gradient in found), "the gradient must be finite")
    require(of_features is not None and of_features.any(), "the gradient must reach the features")
    require(not learned or any(g is not None and g.any() for g in of_head), "the gradient must reach the head")


def a_batch_with_nothing_to_learn_is_a_zero_that_keeps_the_graph(subject: MethodSubject) -> None:
    import torch

    step = subject.step(known=False)
    values = subject.values(step)
    if subject.method.needs:
        for name, value in values.items():
            require(
                value.item() == 0,
                f"the term {name!r} must be zero for items without labels and attributes, but is {value.item()}",
            )
    for value in values.values():
        torch.autograd.backward(value, retain_graph=True)


def head_options_survive_json(subject: MethodSubject) -> None:
    given = dict(subject.recipe.head_options)
    try:
        held = json.loads(json.dumps(given))
    except (TypeError, ValueError) as error:
        raise ContractError(f"head_options must be plain values that JSON can hold: {error}") from None
    head, again = subject.head, subject.make_head(held)
    require(again is not None, "options that JSON has held must make a head as well")
    for other in (again, subject.make_head(given)):
        shapes = [{name: tuple(t.shape) for name, t in made.state_dict().items()} for made in (head, other)]
        require(shapes[0] == shapes[1], "equal options must make heads with parameters of equal names and shapes")


def its_head_gives_rows_of_its_width(subject: MethodSubject) -> None:
    import torch

    width = getattr(subject.head, "dim", None)
    require(isinstance(width, int) and width > 0, f"the head must say its width as dim, but dim is {width!r}")
    # A photo with attributes, attributes alone, a photo alone, and neither.
    has_photo = [True, False, True, False]
    attributes = [subject.items[0].attributes, subject.items[2].attributes, {}, {}]
    encoding = subject.recipe.encoding
    codes = None if encoding is None else torch.from_numpy(encoding.encode(attributes, has_photo))
    features = torch.randn(4, DIM, generator=torch.Generator().manual_seed(2))
    if codes is not None:
        features = features * torch.tensor(has_photo)[:, None]
    head = subject.head.eval()
    with torch.no_grad():
        rows = head(features, codes)
        again = head(features, codes)
    head.train()
    require(
        isinstance(rows, torch.Tensor) and tuple(rows.shape) == (4, width),
        f"the head must give 4 x {width} for four items, but gave {tuple(getattr(rows, 'shape', ()))}",
    )
    require(bool(rows.isfinite().all()), "the head must do without a photo, without attributes, and without both")
    require(torch.equal(rows, again), "a head that is not being trained must be deterministic")


METHOD_CHECKS = (
    is_made_with_its_parts,
    options_refuse_what_they_do_not_know,
    needs_what_there_can_be,
    says_how_it_is_trained_and_validated,
    its_recipe_is_whole,
    its_terms_are_finite_and_teach,
    a_batch_with_nothing_to_learn_is_a_zero_that_keeps_the_graph,
    head_options_survive_json,
    its_head_gives_rows_of_its_width,
)
