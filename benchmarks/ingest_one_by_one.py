"""Ingest against the plain loop: one photo at a time through Pillow, torchvision's transforms, torch, and one upsert.

Both see the same pixels: the vectors of both are compared, and their least cosine is printed.

    python benchmarks/ingest_one_by_one.py [--source products|clothing] [--backbone NAME] [--photos 500] [--rounds 3]
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # to the loop's advantage: without it the decoders starve torch

import torch
from ingest_rate import parser, prepared, rates, table, whole_ingest
from PIL import Image
from qdrant_edge import Distance, EdgeConfig, EdgeShard, EdgeVectorParams, Point, UpdateOperation
from torchvision import transforms

from fashion_match.core.model.artifact import load_module
from fashion_match.core.model.embedder import Embedder, Photo


def main() -> None:
    asked = parser(__doc__ or "", n=500).parse_args()
    with prepared(asked) as (plugins, model, photos):
        files = sorted(photos.iterdir())
        embedder = Embedder(model, plugins)
        preprocess = embedder.card.preprocess
        backbone = load_module(model, plugins).backbone
        transform = transforms.Compose(
            [
                transforms.Resize(preprocess.resize_px, transforms.InterpolationMode(preprocess.interpolation)),
                transforms.CenterCrop(preprocess.crop_px),
                transforms.ToTensor(),
                transforms.Normalize(preprocess.mean, preprocess.std),
            ]
        )

        @torch.inference_mode()
        def vector(path: Path) -> torch.Tensor:
            features = backbone(transform(Image.open(path).convert("RGB"))[None])[0]
            return features / features.norm()

        def one_by_one() -> None:
            with tempfile.TemporaryDirectory() as folder:
                config = EdgeConfig(vectors=EdgeVectorParams(size=embedder.card.dim, distance=Distance.Cosine))
                shard = EdgeShard.create(folder, config)
                for n, path in enumerate(files):
                    point = Point(id=n, vector=vector(path).tolist(), payload={"file": path.name})
                    shard.update(UpdateOperation.upsert_points([point]))
                shard.close()

        found = rates(
            len(files),
            asked.rounds,
            {"one by one": one_by_one, "whole ingest": lambda: whole_ingest(plugins, model, photos)},
        )
        some = files[:64]
        streamed = [done.vector for done in embedder.stream(Photo(path, path) for path in some)]
        cosine = min(float(vector(path) @ torch.tensor(row)) for path, row in zip(some, streamed, strict=True))
        print(
            f"{asked.backbone}, {len(files)} photos of {asked.source}; least cosine of {len(some)} vectors {cosine:.6f}"
        )
        table(found, reference="one by one")


if __name__ == "__main__":
    main()
