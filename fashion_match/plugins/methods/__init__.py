"""The built-in training methods. Each is a file; what they share is the head."""

from __future__ import annotations

from fashion_match import Registry, TrainingMethod, hookimpl
from fashion_match.plugins.methods.attribute_fusion import AttributeFusion, AttributeFusionOptions
from fashion_match.plugins.methods.classifier import Classifier, ClassifierOptions
from fashion_match.plugins.methods.instance import Instance, InstanceOptions
from fashion_match.plugins.methods.orthogonal import Orthogonal, OrthogonalOptions
from fashion_match.plugins.methods.triplet import Triplet, TripletOptions


@hookimpl
def fm_register_methods(methods: Registry[TrainingMethod]) -> None:
    methods.register(
        "triplet", Triplet, options=TripletOptions, summary="photos of one label near each other, others apart"
    )
    methods.register(
        "classifier", Classifier, options=ClassifierOptions, summary="one or several attributes, told from the photo"
    )
    methods.register(
        "attribute-fusion",
        AttributeFusion,
        options=AttributeFusionOptions,
        summary="photo and attributes as one vector; either may be missing",
    )
    methods.register(
        "orthogonal", Orthogonal, options=OrthogonalOptions, summary="the items of a catalogue apart, without labels"
    )
    methods.register(
        "instance", Instance, options=InstanceOptions, summary="views of one photo near each other, without labels"
    )
