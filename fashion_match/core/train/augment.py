"""Random changes to a photo that leave the garment the same, by torchvision's transforms (v2)."""

from __future__ import annotations

from typing import Any

from fashion_match.core.error import UsageError, did_you_mean

PRESETS = {
    "none": "",
    "standard": "crop=0.6,flip",
    "strong": "crop=0.5,rotate=15,flip,jitter=0.25,blur=0.3,erase=0.25",
}
OPERATIONS = {
    "crop": 0.6,
    "flip": 0.5,
    "rotate": 15.0,
    "jitter": 0.2,
    "hue": 0.02,
    "gray": 0.1,
    "blur": 0.3,
    "erase": 0.25,
}
"""Every operation, and what it takes where nothing is said: see `parse_augment`."""
ASPECT = (0.8, 1.25)
"""Of a random crop: garments are told apart by their proportions, so they may not be squeezed as far as usual."""


def parse_augment(text: str) -> dict[str, float]:
    """Return operations with their strengths from text such as ``crop=0.6,flip,jitter=0.2`` or ``standard,rotate=5``.

    ``crop`` takes the least part of the area that is kept; ``flip``, ``gray``, ``blur`` and ``erase`` their chance;
    ``rotate`` degrees; ``jitter`` the greatest change of brightness, contrast and saturation; ``hue`` that of hue.

    Raises:
        UsageError: there is no such operation, or a strength is no number or out of range.
    """
    operations: dict[str, float] = {}
    written = ",".join(PRESETS.get(part.strip(), part) for part in text.split(","))
    for part in filter(None, (part.strip() for part in written.split(","))):
        name, equal, value = part.partition("=")
        if name not in OPERATIONS:
            raise UsageError(
                f"there is no augmentation {name!r}.",
                did_you_mean(name, [*PRESETS, *OPERATIONS], what="presets and operations"),
            )
        try:
            operations[name] = float(value) if equal else OPERATIONS[name]
        except ValueError:
            raise UsageError(f"the augmentation {part!r} is no number.", f"Write {name}={OPERATIONS[name]}.") from None
        if not 0 <= operations[name] <= (180 if name == "rotate" else 0.5 if name == "hue" else 1):
            raise UsageError(f"the augmentation {part!r} is out of range.", f"Write {name}={OPERATIONS[name]}, say.")
    return operations


def make_augment(operations: dict[str, float], side_px: int) -> Any:
    """Return a transform from pixels (3 x S x S, uint8) to pixels (3 x ``side_px`` x ``side_px``, uint8)."""
    from torch import uint8
    from torchvision.transforms import v2

    # Rotated before it is cropped, so that fewer of the empty corners remain; they are white, as catalogues are.
    steps: list[Any] = []
    if degrees := operations.get("rotate"):
        steps.append(v2.RandomRotation(degrees, v2.InterpolationMode.BILINEAR, fill=255))
    if least := operations.get("crop"):
        steps.append(v2.RandomResizedCrop(side_px, scale=(least, 1.0), ratio=ASPECT, antialias=True))
    else:
        steps.append(v2.CenterCrop(side_px))
    if chance := operations.get("flip"):
        steps.append(v2.RandomHorizontalFlip(chance))
    jitter, hue = operations.get("jitter", 0.0), operations.get("hue", 0.0)
    if jitter or hue:
        steps.append(v2.ColorJitter(jitter, jitter, jitter, hue))
    if chance := operations.get("gray"):
        steps.append(v2.RandomGrayscale(chance))
    if chance := operations.get("blur"):
        steps.append(v2.RandomApply([v2.GaussianBlur(5, (0.1, 1.5))], chance))
    if chance := operations.get("erase"):
        steps.append(v2.RandomErasing(chance, scale=(0.02, 0.15), value=255))
    return v2.Compose([*steps, v2.ToDtype(uint8)])
