"""Models as folders: ``card.json`` and ``weights.safetensors``, known by a fingerprint. Never a pickle.

Beside them lies, of a model that was trained here, ``seen.parquet``; see `fashion_match.core.model.seen`.

A library is a folder of such folders, each named by its fingerprint.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fashion_match.core.error import ModelError
from fashion_match.core.model.card import ModelCard
from fashion_match.core.model.seen import SEEN, Seen, write_seen

if TYPE_CHECKING:
    import torch

    from fashion_match.core.model.network import Network
    from fashion_match.core.plugin.loader import Plugins

CARD = "card.json"
WEIGHTS = "weights.safetensors"
MODEL = "model"
"""Folder of the model within that of the training run that made it."""
GRAPHS = "openvino"
"""Folder beside the weights, for what an engine made of them; it may be missing, and is made again."""
VERSION = 1
PRETRAINED, RANDOM = "pretrained", "none"


def origin(backbone: str, weights: str, options: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return how a model is asked for, such that equal origins give equal models. A weights file counts by its bytes.

    Raises:
        ModelError: there is no such weights file.
    """
    asked: dict[str, Any] = {"backbone": backbone, "weights": weights, "options": dict(options), "seed": 0}
    if weights == RANDOM:
        asked["seed"] = seed
    elif weights != PRETRAINED:
        asked["weights"] = f"sha256:{_hash_file(Path(weights))}"
    return asked


def make_model(
    plugins: Plugins, backbone: str, *, weights: str, options: Mapping[str, Any], seed: int, library: Path
) -> Path:
    """Build a model without a head and put it into the ``library``, unless it is there already.

    Args:
        weights: ``"pretrained"``, ``"none"`` (random, from ``seed``), or a weights file.

    Returns:
        Its folder in the library.

    Raises:
        PluginError: there is no such backbone, or it has no such option.
        ModelError: the weights cannot be had, or the library cannot be written.
    """
    provenance = origin(backbone, weights, options, seed)
    entry = plugins.backbones[backbone]
    parsed = entry.parse(options)  # before torch is imported

    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module: Any = entry.factory(parsed, weights=weights)
    state = {f"backbone.{key}": tensor for key, tensor in module.state_dict().items()}
    card = ModelCard(
        backbone=backbone,
        backbone_options=parsed.model_dump(exclude_defaults=True),
        dim=module.dim,
        preprocess=module.preprocess,
        fingerprint="",
        provenance=provenance | {"torch": torch.__version__},
    )
    card = card.model_copy(update={"fingerprint": fingerprint(card, state)})
    return save(card, state, library / card.fingerprint)


def fingerprint(card: ModelCard, state: Mapping[str, torch.Tensor]) -> str:
    """Return the hash (32 hexadecimal digits) of all that decides about a model's vectors."""
    import torch

    decisive = card.model_dump(
        mode="json",
        include={"backbone", "backbone_options", "head", "head_options", "vocabularies", "preprocess"},
    )
    # Only where there are any, so that the fingerprints of models without them stay what they were.
    decisive |= {name: value for name in ("numbers", "classes") if (value := card.model_dump(mode="json")[name])}
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode())
    for name, tensor in sorted(state.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]


def save(card: ModelCard, state: Mapping[str, torch.Tensor], folder: Path, seen: Seen | None = None) -> Path:
    """Write a model; a folder that is there already with this model is left alone. Returns ``folder``.

    Args:
        seen: what it was trained on.

    Raises:
        ModelError: the folder holds something else, or cannot be written.
    """
    from safetensors.torch import save_file

    with _new_folder(folder, card.fingerprint) as made:
        if made is not None:
            # Copies, because safetensors refuses tensors that share their memory.
            save_file(
                {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}, made / WEIGHTS
            )
            (made / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
            if seen is not None:
                write_seen(seen, made)
    return folder


def adopt(folder: Path, library: Path) -> Path:
    """Bring a model's folder into the library, by links where the file system has them, and return its new place.

    Raises:
        ModelError: it is no model, or the library cannot be written.
    """
    card = read_card(folder)
    home = library / card.fingerprint
    if home.resolve() == folder.resolve():
        return home
    _require_weights(folder)
    with _new_folder(home, card.fingerprint) as made:
        if made is not None:
            _link_or_copy(folder / CARD, made / CARD)
            _link_or_copy(folder / WEIGHTS, made / WEIGHTS)
            if (folder / GRAPHS).is_dir():
                ignored = shutil.ignore_patterns(".*")
                shutil.copytree(folder / GRAPHS, made / GRAPHS, copy_function=_link_or_copy, ignore=ignored)
            if (folder / SEEN).is_file():
                _link_or_copy(folder / SEEN, made / SEEN)
    return home


def find(library: Path, fingerprint: str) -> Path | None:
    """Return the folder of the model with this fingerprint, or ``None`` where the library has none that is whole."""
    folder = library / fingerprint
    return folder if _is_whole(folder, fingerprint) else None


def model_in(folder: Path) -> Path:
    """Return the folder of the model that ``folder`` means: itself, or the model of the training run that it is."""
    made = folder / MODEL
    return made if not (folder / CARD).exists() and (made / CARD).exists() else folder


def read_card(folder: Path) -> ModelCard:
    """Read a model's card. Raises ModelError where the folder is no model, or one that this version cannot read."""
    file = folder / CARD
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder} is no model: it has no {CARD}.", "Give the folder that `fm train` wrote, or --backbone NAME."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} cannot be read: {error}.") from None
    try:
        fields = json.loads(text)
        if isinstance(fields, dict) and fields.get("version", VERSION) != VERSION:
            raise ModelError(
                f"{file} is of version {fields['version']}; this fashion-match reads version {VERSION}.",
                "Use the version of fashion-match that wrote it, or make the model again.",
            )
        return ModelCard.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "card"
        raise ModelError(f"{file} is damaged: {name}: {first['msg']}.", "Copy or make the model again.") from None
    except ValueError as error:
        raise ModelError(f"{file} is damaged: {error}.", "Copy or make the model again.") from None


def load_module(folder: Path, plugins: Plugins) -> Network:
    """Load a model as one torch module, in evaluation mode, on the CPU.

    Raises:
        ModelError: the card or the weights are missing, damaged, or do not belong together.
        PluginError: its backbone, or the method that makes its head, is not installed.
    """
    card = read_card(folder)
    network = build(card, plugins)
    state = read_weights(folder)
    if fingerprint(card, state) != card.fingerprint:
        raise ModelError(
            f"{folder}: {CARD} and {WEIGHTS} do not belong together, or one of them was changed.",
            "Copy or make the model again.",
        )
    _fill(network, state, folder)
    return network.eval()


def build(card: ModelCard, plugins: Plugins) -> Network:
    """Return the network that a card describes, with weights that are still to be filled in.

    Raises:
        PluginError: its backbone, or the method that makes its head, is not installed.
    """
    from fashion_match.core.model.network import Classifier, Network

    backbone: Any = plugins.backbones[card.backbone].make(card.backbone_options, weights=RANDOM)
    head = None
    if card.head is not None:
        head = plugins.methods[card.head].make().make_head(backbone.dim, card.head_options, card.encoding)
    classifier = Classifier(card.dim, card.classes) if card.classes else None
    return Network(backbone, head, card.preprocess, classifier)


def _fill(network: Network, state: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Copy tensors into a network. Unlike `load_state_dict` it asks for nothing but names and shapes."""
    wanted = network.state_dict()
    for part in ("backbone", "head", "classifier"):
        needed = {name: tensor.shape for name, tensor in wanted.items() if name.startswith(f"{part}.")}
        if needed != {name: tensor.shape for name, tensor in state.items() if name.startswith(f"{part}.")}:
            raise ModelError(
                f"the weights in {folder} do not fit the {part} that its card names.",
                "The installed version of that plugin may differ from the one that the model was made with.",
            )
    for name, tensor in wanted.items():
        tensor.copy_(state[name])


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    _require_weights(folder)
    try:
        state: dict[str, torch.Tensor] = load_file(folder / WEIGHTS)
        return state
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{folder / WEIGHTS} is damaged: {error}.", "Copy or make the model again.") from None


def _require_weights(folder: Path) -> None:
    if not (folder / WEIGHTS).is_file():
        raise ModelError(f"{folder} is no whole model: it has no {WEIGHTS}.", "Copy or make the model again.")


def _is_whole(folder: Path, fingerprint: str) -> bool:
    try:
        return read_card(folder).fingerprint == fingerprint and (folder / WEIGHTS).is_file()
    except ModelError:
        return False


@contextmanager
def _new_folder(folder: Path, fingerprint: str) -> Iterator[Path | None]:
    """Give a folder to write into that becomes ``folder`` in one step, or ``None`` where the model is there already."""
    if _is_whole(folder, fingerprint):
        yield None
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    except OSError as error:
        raise ModelError(f"the model cannot be saved in {folder.parent}: {error.strerror}.") from None
    try:
        yield made
        made.chmod(0o755)
        try:
            made.rename(folder)
        except OSError:
            if not _is_whole(folder, fingerprint):  # else another process was quicker
                raise
    except OSError as error:
        raise ModelError(
            f"the model cannot be saved as {folder}: {error.strerror or error}.", "Remove that folder, or make room."
        ) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _link_or_copy(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _hash_file(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"the weights file {file} cannot be read: {error.strerror}.",
            "Give a .pth or .safetensors file, or `pretrained`, or `none`.",
        ) from None
