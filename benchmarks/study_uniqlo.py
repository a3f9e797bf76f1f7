"""A cell of ``fm study`` against the published way written out, and random networks against the published column.

The published way is that of train_orthogonal.py: all targets in one batch, and all queries and targets embedded after
every step. Ours is a cell of a study, from making the network to its file: the figures of every step, and the
label-free stop, which the published way has nothing like. They take turns, backbone by backbone; medians.

Two ratios are printed. ``work`` compares the processor time of both on one core each, which other programs on the
machine hardly change. ``clock`` compares the time a cell takes on this machine as each would really be run: the
published way on all cores, a study with a cell on each core, its time divided by the number of cells at a time.

    python benchmarks/study_uniqlo.py [--backbones alexnet] [--steps 15] [--rounds 1] [--views 0 1] [--clock]
    python benchmarks/study_uniqlo.py --before 20
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from train_orthogonal import published
from train_source import found

# isort: split
import torch
from scipy.stats import t as student

from fashion_match import Plugins
from fashion_match.core.evaluate.study_statistic import holm
from fashion_match.core.study import StudyReport, study
from fashion_match.core.study_request import BACKBONES
from fashion_match.core.train.study_pool import one_thread, usual_jobs

TARGET = 1.5
PUBLISHED = {
    "alexnet": 45.2,
    "densenet121": 51.6,
    "convnext_tiny": 64.5,
    "efficientnet_b0": 45.2,
    "googlenet": 51.6,
    "inception_v3": 51.6,
    "maxvit_t": 41.9,
    "mnasnet0_5": 80.6,
    "mobilenet_v3_small": 45.2,
}
"""Top-5 error in % before training, random weights, one run each: 31 queries, 17 targets."""
N_QUERIES = 31


def ours(plugins: Plugins, backbone: str, n_steps: int, *, views: int, jobs: int = 1, repeats: int = 1) -> StudyReport:
    with tempfile.TemporaryDirectory() as scratch:
        return study(
            found("uniqlo"),
            backbones=(backbone,),
            weights=("random",),
            repeats=repeats,
            views=views,
            epochs=n_steps,
            jobs=jobs,
            device="cpu",
            out=Path(scratch) / "study",
            plugins=plugins,
        )


def spent(clock: Callable[[], float], run: Callable[[], object]) -> float:
    began = clock()
    run()
    return clock() - began


def work(plugins: Plugins, backbone: str, n_steps: int, rounds: int, views: list[int]) -> dict[str, float]:
    """Return the processor seconds of a cell on one core: published, and ours for each number of views."""
    times: dict[str, list[float]] = {}
    with one_thread():
        for _ in range(rounds):
            times.setdefault("published", []).append(
                spent(time.process_time, lambda: published(plugins, backbone, n_steps))
            )
            for n in views:
                seconds = spent(time.process_time, lambda n=n: cell_alone(plugins, backbone, n_steps, n))  # type: ignore[misc]
                times.setdefault(f"{n} views", []).append(seconds)
    return {name: statistics.median(values) for name, values in times.items()}


def cell_alone(plugins: Plugins, backbone: str, n_steps: int, views: int) -> None:
    """Run one cell as a study does, without the study's pictures, which are drawn once for all cells."""
    from fashion_match.core.study import Runner, make_study_request, read_shared

    request = make_study_request(
        found("uniqlo"),
        backbones=(backbone,),
        weights=("random",),
        repeats=1,
        views=views,
        epochs=n_steps,
        device="cpu",
    )
    shared = read_shared(plugins, request, lambda _: None)
    cell = Runner(request, 10**9)(plugins, lambda _: None, shared)((backbone, "random", 0))
    assert cell.state == "done", cell.reason


def clocks(plugins: Plugins, backbone: str, n_steps: int, rounds: int, views: int) -> tuple[float, float]:
    """Return the seconds of a cell: the published way on all cores, and ours with a cell on each."""
    jobs = usual_jobs("cpu")
    theirs, own = [], []
    for _ in range(rounds):
        theirs.append(published(plugins, backbone, n_steps)[0])
        report = ours(plugins, backbone, n_steps, views=views, jobs=jobs, repeats=jobs)
        own.append(statistics.mean(cell.seconds for cell in report.cells) / jobs)
    return statistics.median(theirs), statistics.median(own)


def compare_speed(plugins: Plugins, asked: argparse.Namespace) -> None:
    totals: dict[str, float] = {}
    print(f"{'processor seconds of a cell':22} {'published':>10}", *(f"{f'{n} views':>17}" for n in asked.views))
    for backbone in asked.backbones:
        seconds = work(plugins, backbone, asked.steps, asked.rounds, asked.views)
        line = [f"{backbone:27} {seconds['published']:10.2f}"]
        line += [f"{s:9.2f} ({seconds['published'] / s:4.2f} x)" for name, s in seconds.items() if name != "published"]
        print(*line, flush=True)
        for name, s in seconds.items():
            totals[name] = totals.get(name, 0.0) + s
    shown = [f"{s:9.2f} ({totals['published'] / s:4.2f} x)" for name, s in totals.items() if name != "published"]
    print(f"{'all':27} {totals['published']:10.2f}", *shown)
    if asked.clock:
        print(f"\nseconds of a cell by the clock, {usual_jobs('cpu')} at a time, {asked.views[-1]} views")
        both = {b: clocks(plugins, b, asked.steps, asked.rounds, asked.views[-1]) for b in asked.backbones}
        for backbone, (theirs, own) in both.items():
            print(f"{backbone:27} {theirs:10.2f} {own:9.2f} ({theirs / own:4.2f} x)")
        theirs, own = (sum(pair[n] for pair in both.values()) for n in (0, 1))
        print(f"{'all':27} {theirs:10.2f} {own:9.2f} ({theirs / own:4.2f} x)")
    print(f"Target: {TARGET} times.")


def compare_before(plugins: Plugins, backbones: list[str], n_seeds: int) -> None:
    """Print the errors before training of random networks beside the published ones, and how likely those are.

    A published value is one run over 31 queries. It is compared with the runs of other seeds (the scatter of seeds),
    and with the scatter of 31 queries in addition, as if the photos had been others; p by Student's t, Holm over rows.
    """
    rows = []
    for norms in ("frozen", "measured"):
        for backbone in backbones:
            with tempfile.TemporaryDirectory() as scratch:
                report = study(
                    found("uniqlo"),
                    backbones=(backbone,),
                    weights=("random",),
                    repeats=n_seeds,
                    epochs=1,
                    batch_norm=norms,
                    out=Path(scratch) / "study",
                    plugins=plugins,
                )
            errors = [cell.errors[0] for cell in report.cells]
            mean, deviation = statistics.mean(errors), statistics.stdev(errors)
            off = PUBLISHED[backbone] / 100 - mean
            ps = []
            for more in (0.0, mean * (1 - mean) / N_QUERIES):
                scatter = math.sqrt(deviation**2 * (1 + 1 / n_seeds) + more)
                ps.append(2 * float(student.sf(abs(off) / scatter, n_seeds - 1)) if scatter else float(off == 0))
            rows.append((norms, backbone, mean, deviation, min(errors), max(errors), *ps))
    for norms in ("frozen", "measured"):
        here = [row for row in rows if row[0] == norms]
        corrected = [holm([row[n] for row in here]) for n in (6, 7)]
        print(f"\nnorms {norms}, {n_seeds} seeds       published   mean ± deviation (range)   p by seeds   and queries")
        for row, *p in zip(here, *corrected, strict=True):
            _, backbone, mean, deviation, low, high, *_ = row
            shown = f"{mean:5.1%} ± {deviation:4.1%} ({low:.0%}..{high:.0%})"
            print(f"{backbone:27} {PUBLISHED[backbone]:9.1f} % {shown:>27} {p[0]:11.3f} {p[1]:11.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbones", nargs="+", default=list(BACKBONES))
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--views", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--clock", action="store_true", help="also by the clock, with cells side by side")
    parser.add_argument("--before", type=int, metavar="N", help="compare random networks of N seeds, and no speed")
    asked = parser.parse_args()
    plugins = Plugins(installed=[])
    torch.manual_seed(0)
    if asked.before:
        compare_before(plugins, asked.backbones, asked.before)
    else:
        compare_speed(plugins, asked)


if __name__ == "__main__":
    main()
