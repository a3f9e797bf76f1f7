"""Ingest against torch's usual loop: a DataLoader (batches of 32, 2 workers), the model in torch, batched upserts.

python benchmarks/ingest_dataloader.py [--source products|clothing] [--backbone NAME] [--photos 1000] [--rounds 3]
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from ingest_rate import parser, prepared, rates, table, whole_ingest
from PIL import Image
from qdrant_edge import Distance, EdgeConfig, EdgeShard, EdgeVectorParams, Point, UpdateOperation
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from fashion_match.core.model.artifact import load_module, read_card


class Photos(Dataset[torch.Tensor]):
    def __init__(self, files: list[Path], transform: transforms.Compose) -> None:
        self.files, self.transform = files, transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, n: int) -> torch.Tensor:
        return self.transform(Image.open(self.files[n]).convert("RGB"))


def main() -> None:
    asked = parser(__doc__ or "").parse_args()
    with prepared(asked) as (plugins, model, photos):
        files = sorted(photos.iterdir())
        card = read_card(model)
        backbone = load_module(model, plugins).backbone.to(memory_format=torch.channels_last)
        transform = transforms.Compose(
            [
                transforms.Resize(
                    card.preprocess.resize_px, transforms.InterpolationMode(card.preprocess.interpolation)
                ),
                transforms.CenterCrop(card.preprocess.crop_px),
                transforms.ToTensor(),
                transforms.Normalize(card.preprocess.mean, card.preprocess.std),
            ]
        )

        @torch.inference_mode()
        def loop() -> None:
            with tempfile.TemporaryDirectory() as folder:
                config = EdgeConfig(vectors=EdgeVectorParams(size=card.dim, distance=Distance.Cosine))
                shard = EdgeShard.create(folder, config)
                n = 0
                for pixels in DataLoader(Photos(files, transform), batch_size=32, num_workers=2):
                    features = backbone(pixels.to(memory_format=torch.channels_last))
                    rows = torch.nn.functional.normalize(features, eps=1e-30).tolist()
                    points = [Point(id=n + k, vector=row, payload={"n": n + k}) for k, row in enumerate(rows)]
                    shard.update(UpdateOperation.upsert_points(points))
                    n += len(rows)
                shard.close()

        found = rates(
            len(files),
            asked.rounds,
            {"DataLoader": loop, "whole ingest": lambda: whole_ingest(plugins, model, photos)},
        )
        print(f"{asked.backbone}, {len(files)} photos of {asked.source}")
        table(found, reference="DataLoader")


if __name__ == "__main__":
    main()
