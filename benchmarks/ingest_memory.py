"""Peak memory of ingest by the number of photos: it must not grow with them, and torch must not be needed for it.

Each size is ingested by a process of its own, after a first one has converted the model; photos repeat where the source
has fewer.

    python benchmarks/ingest_memory.py [--sizes 2000,8000] [--source products] [--backbone NAME]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ingest_rate import parser, prepared

ONE_RUN = """
import json, re, sys
from fashion_match import Catalogue, Plugins
source, model, store = sys.argv[1:]
with Catalogue(store, plugins=Plugins(installed=[])) as catalogue:
    report = catalogue.ingest(source, model=model)
# Not getrusage: it begins with the peak of the process that started this one.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps({"peak_mb": peak, "n_stored": report.n_stored, "torch": "torch" in sys.modules}))
"""


def main() -> None:
    arguments = parser(__doc__ or "", n=2000)
    arguments.add_argument("--sizes", default="2000,8000")
    asked = arguments.parse_args()
    with prepared(asked) as (_, model, photos), tempfile.TemporaryDirectory() as scratch:
        files = sorted(photos.iterdir())
        first = 0.0
        print("  photos  peak MB  ratio  torch imported")
        for size in map(int, f"32,{asked.sizes}".split(",")):
            source = Path(scratch, f"photos-{size}")
            source.mkdir()
            for n in range(size):
                os.link(files[n % len(files)], source / f"{n}.jpg")
            command = [sys.executable, "-c", ONE_RUN, str(source), str(model), str(Path(scratch, f"store-{size}"))]
            done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            assert done["n_stored"] == size, done
            if size == 32:  # the run that converts the model
                continue
            first = first or done["peak_mb"]
            print(f"{size:8}  {done['peak_mb']:7.0f}  {done['peak_mb'] / first:5.2f}  {done['torch']}")


if __name__ == "__main__":
    main()
