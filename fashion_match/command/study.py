"""``fm study``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import plugins_of
from fashion_match.command.train import DATA, LENGTH, MACHINE, MODEL, RATE
from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    from fashion_match.core.evaluate.study_statistic import MeanInterval
    from fashion_match.core.study import StudyReport
    from fashion_match.core.study_summary import After, StudyRow
    from fashion_match.core.train.study_cell import StudyCell

STUDY = "Study"


def study(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(help="Folder, table or JSON file, as for `fm ingest`.")] = None,
    plugin: Annotated[
        list[str] | None,
        typer.Option("--plugin", "-p", metavar="NAME", help="Training method; several are joined. [orthogonal]"),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Options from a recipe; those given here win.")
    ] = None,
    settings: option.SetOption = None,
    reader: option.ReaderOption = None,
    backbones: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="[nine of torchvision, from alexnet on]", rich_help_panel=STUDY),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="A,B", help="[pretrained,random]", rich_help_panel=STUDY)
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(metavar="N", help="Of each backbone and weights. [50]", rich_help_panel=STUDY)
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", "--k", metavar="K", help="Top-k error. [5]", rich_help_panel=STUDY)
    ] = None,
    views: Annotated[
        int | None,
        typer.Option(metavar="N", help="Views of each item that choose the epoch. [1]", rich_help_panel=STUDY),
    ] = None,
    figure: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="Such as val/recall@1. [the error]", rich_help_panel=STUDY)
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", metavar="N", help="At a time. [one a core]", rich_help_panel=MACHINE),
    ] = None,
    label_by: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Attributes that together are the label.", rich_help_panel=DATA),
    ] = None,
    validation: Annotated[
        float | None, typer.Option(metavar="PART", help="Held out, by label. [0.2]", rich_help_panel=DATA)
    ] = None,
    augment: Annotated[
        str | None, typer.Option(metavar="PRESET|LIST", help="[of the method]", rich_help_panel=DATA)
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(metavar="PX", help="Side of the photos. [the backbone's]", rich_help_panel=MODEL)
    ] = None,
    freeze: Annotated[
        str | None,
        typer.Option(metavar="LAYERS", help="Layers of the backbone to leave as they are.", rich_help_panel=MODEL),
    ] = None,
    batch_norm: Annotated[
        str | None,
        typer.Option(
            metavar="train|frozen|measured", help="Statistics of the backbone's norms.", rich_help_panel=MODEL
        ),
    ] = None,
    dropout: Annotated[
        str | None, typer.Option(metavar="train|off", help="Dropout of the backbone. [off]", rich_help_panel=MODEL)
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="[of the method]", rich_help_panel=LENGTH)] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", help="[64]", rich_help_panel=RATE)] = None,
    accumulate: Annotated[
        int | None, typer.Option(metavar="N", help="Batches to a step. [1]", rich_help_panel=RATE)
    ] = None,
    lr: Annotated[float | None, typer.Option(metavar="RATE", help="[of the method]", rich_help_panel=RATE)] = None,
    schedule: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="constant, plateau, one-cycle or cosine.", rich_help_panel=RATE),
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(metavar="NAME", help="adamw, adam or sgd.", rich_help_panel=RATE)
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(metavar="W", rich_help_panel=RATE)] = None,
    backbone_lr: Annotated[
        float | None,
        typer.Option(metavar="F", help="Rate of the backbone, as a part of the head's. [1]", rich_help_panel=RATE),
    ] = None,
    clip: Annotated[
        float | None, typer.Option(metavar="NORM", help="Greatest norm of the gradient.", rich_help_panel=RATE)
    ] = None,
    monitor: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="Chooses the epoch. [of the method]", rich_help_panel=STUDY)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the first repeat; the next has one more. [0]", rich_help_panel=STUDY)
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.", rich_help_panel=MACHINE)] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, bf16 or fp16. [fp32]", rich_help_panel=MACHINE)] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="[fm-study]", rich_help_panel=STUDY)
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with a study that was cut off.", rich_help_panel=STUDY)
    ] = None,
    json: option.JsonOption = False,
) -> None:
    """Train one method on many backbones, pretrained and random, many times, and test what it changes.

    A cell is a backbone, weights and a repeat; each is kept as it ends, and the same command goes on with the rest.
    Exit code 3 if a cell failed; it is tried again on the next call.
    """
    options = {
        "label_by": label_by,
        "validation": validation,
        "augment": augment,
        "image_size_px": image_size,
        "freeze": freeze,
        "batch_norm": batch_norm,
        "dropout": dropout,
        "epochs": epochs,
        "batch_size": batch_size,
        "accumulate": accumulate,
        "lr": lr,
        "schedule": schedule,
        "optimizer": optimizer,
        "weight_decay": weight_decay,
        "backbone_lr": backbone_lr,
        "clip": clip,
        "monitor": monitor,
        "seed": seed,
        "device": device,
        "precision": precision,
    }
    own = {"k": k, "views": views, "figure": figure, "repeats": repeats}
    lists = {"backbones": _listed(backbones), "weights": _listed(weights)}
    given: dict[str, Any] = {name: value for name, value in (options | own | lists).items() if value is not None}
    from fashion_match.core import study as use_case
    from fashion_match.core.settings import load_settings
    from fashion_match.core.study_request import METHOD

    usual: dict[str, Any] = {
        "jobs": jobs,
        "max_pixels": load_settings().max_pixels,
        "notify": show.say,
        "on_cell": _tell,
    }
    if resume is not None:
        if source or plugin or recipe or settings or reader or given or out:
            raise UsageError("a study that is resumed goes on as it was begun.", "Give --resume DIR alone.")
        report = use_case.resume(plugins_of(context), resume, **usual)
    else:
        if source is None:
            raise UsageError("nothing is given to study.", "fm study SOURCE --backbones alexnet --repeats 5")
        request = use_case.make_study_request(
            source,
            method=tuple(plugin or (METHOD,)) if recipe is None or plugin else (),
            recipe=recipe,
            settings=option.parse_settings(settings),
            reader=reader,
            **given,
        )
        report = use_case.run(plugins_of(context), request, out or use_case.FOLDER, **usual)
    _print(report, json)
    if report.failed:
        raise typer.Exit(3)


def _listed(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def _tell(cell: StudyCell, n: int, total: int) -> None:
    """Say a line for each cell."""
    name = f"{n:,} of {total:,}: {cell.backbone}, {cell.weights}, repeat {cell.repeat + 1}"
    if cell.state == "failed":
        show.say(f"{name}: failed: {cell.reason}")
    else:
        error, kept, oracle = (cell.errors[epoch] for epoch in (0, cell.kept, cell.oracle))
        show.say(f"{name}: error {error:.3f}, stop {kept:.3f}, oracle {oracle:.3f} ({cell.seconds:.1f} s)")


def _print(report: StudyReport, json: bool) -> None:
    from fashion_match.core.study import CELLS, CURVES, NORMAL, RESULT, figure_text

    if json:
        from fashion_match.core.study_summary import as_data

        show.as_json(
            {
                "study": str(report.folder),
                "figure": report.figure,
                "monitor": report.monitor,
                "rows": as_data(report.rows),
                "sentences": report.sentences,
                "n_cells": len(report.cells),
                "n_failed": len(report.failed),
            }
        )
        return
    done = len(report.cells) - len(report.failed)
    if done:
        chosen = report.monitor.removeprefix("val/")
        show.tell(f"{figure_text(report.figure).capitalize()} in %, mean and 95 % interval; the stop is by {chosen}.")
    errors, tests = ("before", "stop", "oracle", "last"), ("gain", "oracle's", "p", "p, oracle's")
    columns = ("backbone", "weights", "n", *errors, *tests)
    show.table(columns, map(_row, report.rows), numbers=columns[2:])
    for row in report.rows:
        if row.n_failed:
            show.tell(f"{row.n_failed} of {row.backbone}, {row.weights} failed: {row.reason}")
    for line in report.sentences if done else ():
        show.tell(line)
    pictures = f", pictures {CURVES} and {NORMAL}" if done else ""
    show.tell(f"Study: {report.folder} (all in {RESULT}, cells in {CELLS}{pictures})")


def _row(row: StudyRow) -> list[str]:
    n = f"{row.n_done}" + (f" (+{row.n_failed} failed)" if row.n_failed else "")
    after = (row.kept, row.oracle)
    errors = (row.before, *(None if one is None else one.error for one in after), row.last)
    return [row.backbone, row.weights, n, *map(_mean, errors), *map(_gain, after), *map(_p, after)]


def _mean(found: MeanInterval | None) -> str:
    if found is None:
        return "failed"
    return f"{found.mean:.1%}".rstrip("%") + (f" ±{100 * found.half:.1f}" if found.n > 1 else "")


def _gain(after: After | None) -> str:
    return "" if after is None or after.improvement is None else f"{after.improvement:+.1%}"


def _p(after: After | None) -> str:
    if after is None:
        return ""
    return "no test" if after.p is None else "<0.001" if after.p < 0.001 else f"{after.p:.3f}"
