"""Each backbone in torch (channels last) and in OpenVINO: rates of forward alone, and the least cosine between the two.

python benchmarks/ingest_engines.py [--backbones alexnet,resnet50,...] [--photos 64] [--rounds 3]
"""

from __future__ import annotations

import numpy as np
from ingest_rate import parser, prepared, rates

from fashion_match.core.model.artifact import read_card
from fashion_match.core.model.engine import Batch, Engine, make_engine, run
from fashion_match.core.model.image import decode, read_photo
from fashion_match.core.model.pixel import to_pixels

BACKBONES = (
    "alexnet,densenet121,convnext_tiny,efficientnet_b0,googlenet,inception_v3,maxvit_t,mnasnet0_5,"
    "mobilenet_v3_small,resnet50"
)


def main() -> None:
    arguments = parser(__doc__ or "", n=64)
    arguments.add_argument("--backbones", default=BACKBONES)
    asked = arguments.parse_args()
    print(f"{'':20}  torch/s  OpenVINO/s  ratio  least cosine")
    for name in asked.backbones.split(","):
        asked.backbone = name
        with prepared(asked) as (plugins, model, photos):
            engines = {key: make_engine(model, plugins, engine=key, device="cpu") for key in ("torch", "openvino")}
            preprocess = read_card(model).preprocess
            pixels = [to_pixels(decode(read_photo(path).data), preprocess) for path in sorted(photos.iterdir())]
            whole = Batch(np.stack(pixels))

            def rows(engine: Engine, whole: Batch = whole) -> np.ndarray:
                size = engine.batch_size
                return np.concatenate(list(run(engine, (whole[n : n + size] for n in range(0, len(whole), size)))))

            cosine = (rows(engines["torch"]) * rows(engines["openvino"])).sum(axis=1).min()
            found = rates(
                len(whole), asked.rounds, {key: lambda engine=engine: rows(engine) for key, engine in engines.items()}
            )
            ratio = found["openvino"] / found["torch"]
            print(
                f"{name:20}  {found['torch']:7.1f}  {found['openvino']:10.1f}  {ratio:5.2f}  {cosine:.7f}", flush=True
            )


if __name__ == "__main__":
    main()
