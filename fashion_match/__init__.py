"""Garment photos in, a searchable catalogue out: the whole public API. Importing it never imports torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fashion_match.core.attribute import canonical_attributes as canonical_attributes
    from fashion_match.core.catalogue import Catalogue as Catalogue
    from fashion_match.core.collect.record import CollectReport as CollectReport
    from fashion_match.core.collect.request import CollectRequest as CollectRequest
    from fashion_match.core.collecting import Collecting as Collecting
    from fashion_match.core.comparing import compare as compare
    from fashion_match.core.comparison import Comparison as Comparison
    from fashion_match.core.compute import Compute as Compute
    from fashion_match.core.error import DataError as DataError
    from fashion_match.core.error import FashionMatchError as FashionMatchError
    from fashion_match.core.error import ModelError as ModelError
    from fashion_match.core.error import PluginError as PluginError
    from fashion_match.core.error import ReaderError as ReaderError
    from fashion_match.core.error import StoreError as StoreError
    from fashion_match.core.error import UsageError as UsageError
    from fashion_match.core.error import did_you_mean as did_you_mean
    from fashion_match.core.evaluating import evaluate as evaluate
    from fashion_match.core.evaluation import Evaluation as Evaluation
    from fashion_match.core.ingest_option import IngestOptions as IngestOptions
    from fashion_match.core.ingest_option import Progress as Progress
    from fashion_match.core.item import STANDARD_ATTRIBUTES as STANDARD_ATTRIBUTES
    from fashion_match.core.item import Failure as Failure
    from fashion_match.core.item import Hit as Hit
    from fashion_match.core.item import IngestReport as IngestReport
    from fashion_match.core.item import Item as Item
    from fashion_match.core.item import Reason as Reason
    from fashion_match.core.model.encoding import Encoding as Encoding
    from fashion_match.core.model.image import PhotoError as PhotoError
    from fashion_match.core.model.photo import open_photo as open_photo
    from fashion_match.core.model.preprocess import Preprocess as Preprocess
    from fashion_match.core.plugin.hookspecs import hookimpl as hookimpl
    from fashion_match.core.plugin.loader import Plugins as Plugins
    from fashion_match.core.plugin.registry import Choice as Choice
    from fashion_match.core.plugin.registry import Options as Options
    from fashion_match.core.plugin.registry import Registry as Registry
    from fashion_match.core.protocol import Backbone as Backbone
    from fashion_match.core.protocol import Example as Example
    from fashion_match.core.protocol import Loss as Loss
    from fashion_match.core.protocol import Reader as Reader
    from fashion_match.core.protocol import Recommender as Recommender
    from fashion_match.core.protocol import Request as Request
    from fashion_match.core.protocol import TrainingMethod as TrainingMethod
    from fashion_match.core.query import Answer as Answer
    from fashion_match.core.store.protocol import Stored as Stored
    from fashion_match.core.store.protocol import VectorStore as VectorStore
    from fashion_match.core.study import StudyReport as StudyReport
    from fashion_match.core.study import study as study
    from fashion_match.core.train.recipe import AttributeSummary as AttributeSummary
    from fashion_match.core.train.recipe import Batches as Batches
    from fashion_match.core.train.recipe import MakeLoss as MakeLoss
    from fashion_match.core.train.recipe import Recipe as Recipe
    from fashion_match.core.train.recipe import Step as Step
    from fashion_match.core.train.recipe import Term as Term
    from fashion_match.core.train.recipe import TrainingContext as TrainingContext
    from fashion_match.core.training import train as train
    from fashion_match.core.where import Condition as Condition
    from fashion_match.core.where import Where as Where

_HOME = {
    "core.attribute": ("canonical_attributes",),
    "core.catalogue": ("Catalogue",),
    "core.collect.record": ("CollectReport",),
    "core.collect.request": ("CollectRequest",),
    "core.collecting": ("Collecting",),
    "core.comparing": ("compare",),
    "core.comparison": ("Comparison",),
    "core.compute": ("Compute",),
    "core.error": (
        "DataError",
        "FashionMatchError",
        "ModelError",
        "PluginError",
        "ReaderError",
        "StoreError",
        "UsageError",
        "did_you_mean",
    ),
    "core.evaluating": ("evaluate",),
    "core.evaluation": ("Evaluation",),
    "core.ingest_option": ("IngestOptions", "Progress"),
    "core.item": ("STANDARD_ATTRIBUTES", "Failure", "Hit", "IngestReport", "Item", "Reason"),
    "core.model.encoding": ("Encoding",),
    "core.model.image": ("PhotoError",),
    "core.model.photo": ("open_photo",),
    "core.model.preprocess": ("Preprocess",),
    "core.plugin.hookspecs": ("hookimpl",),
    "core.plugin.loader": ("Plugins",),
    "core.plugin.registry": ("Choice", "Options", "Registry"),
    "core.protocol": ("Backbone", "Example", "Loss", "Reader", "Recommender", "Request", "TrainingMethod"),
    "core.query": ("Answer",),
    "core.store.protocol": ("Stored", "VectorStore"),
    "core.study": ("StudyReport", "study"),
    "core.train.recipe": ("AttributeSummary", "Batches", "MakeLoss", "Recipe", "Step", "Term", "TrainingContext"),
    "core.training": ("train",),
    "core.where": ("Condition", "Where"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__version__ = "0.1.0"
__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first used, so that nobody pays for what they do not use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
