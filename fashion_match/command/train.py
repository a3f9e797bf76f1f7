"""``fm train`` and ``fm reproduce``."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import plugins_of
from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fashion_match.core.train.progress import TrainProgress
    from fashion_match.core.train.result import RunReport

DATA, MODEL, LENGTH, RATE, MACHINE, RUN = "Data", "Model", "Length", "Learning", "Machine", "Run"


def train(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(help="Folder, table or JSON file, as for `fm ingest`.")] = None,
    plugin: Annotated[
        list[str] | None,
        typer.Option("--plugin", "-p", metavar="NAME", help="Training method; several are joined. [triplet]"),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Options from a recipe; those given here win."),
    ] = None,
    settings: option.SetOption = None,
    reader: option.ReaderOption = None,
    label_by: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Attributes that together are the label.", rich_help_panel=DATA),
    ] = None,
    validation: Annotated[
        float | None,
        typer.Option(metavar="PART", help="Held out, by label. [0.2]", rich_help_panel=DATA),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(metavar="PART", help="Left alone, by label, for `fm eval`. [0]", rich_help_panel=DATA),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            metavar="PRESET|LIST",
            help="none, standard, strong, or such as crop=0.6,flip,jitter=0.2. [standard]",
            rich_help_panel=DATA,
        ),
    ] = None,
    cache_mb: Annotated[
        int | None,
        typer.Option(metavar="MB", help="Memory for decoded photos. [4096]", rich_help_panel=DATA),
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(metavar="NAME", help="[efficientnet_b0]", rich_help_panel=MODEL)
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="pretrained|none|FILE", help="Weights of the backbone. [pretrained]", rich_help_panel=MODEL
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|FILE", help="Begin with a trained model, or with what fits of a file.", rich_help_panel=MODEL
        ),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Side of the photos. [the backbone's]", rich_help_panel=MODEL),
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
        str | None,
        typer.Option(metavar="train|off", help="Of the backbone. [train]", rich_help_panel=MODEL),
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="[10]", rich_help_panel=LENGTH)] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(metavar="MIN", help="The learning rate comes to its end by then.", rich_help_panel=LENGTH),
    ] = None,
    stage: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STAGE",
            help="epochs=5,lr=1e-2,train=head; then all layers, then larger images: one option each.",
            rich_help_panel=LENGTH,
        ),
    ] = None,
    stop_after: Annotated[
        int | None,
        typer.Option(metavar="N", help="Stop after N epochs without a better figure.", rich_help_panel=LENGTH),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", help="[64]", rich_help_panel=RATE)] = None,
    accumulate: Annotated[
        int | None, typer.Option(metavar="N", help="Batches to a step. [1]", rich_help_panel=RATE)
    ] = None,
    lr: Annotated[float | None, typer.Option(metavar="RATE", help="[of the method]", rich_help_panel=RATE)] = None,
    find_lr: Annotated[
        bool | None, typer.Option("--find-lr", help="Try rates first, and plot them.", rich_help_panel=RATE)
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="constant, plateau, one-cycle or cosine. [one-cycle]", rich_help_panel=RATE),
    ] = None,
    warmup: Annotated[
        float | None, typer.Option(metavar="PART", help="Of cosine. [0.05]", rich_help_panel=RATE)
    ] = None,
    patience: Annotated[int | None, typer.Option(metavar="N", help="Of plateau. [3]", rich_help_panel=RATE)] = None,
    factor: Annotated[float | None, typer.Option(metavar="F", help="Of plateau. [0.5]", rich_help_panel=RATE)] = None,
    optimizer: Annotated[
        str | None, typer.Option(metavar="NAME", help="adamw, adam or sgd. [adamw]", rich_help_panel=RATE)
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(metavar="W", help="[0.01]", rich_help_panel=RATE)] = None,
    l1: Annotated[
        float | None, typer.Option(metavar="W", help="On the head's weights. [0]", rich_help_panel=RATE)
    ] = None,
    l2: Annotated[
        float | None, typer.Option(metavar="W", help="On the head's weights. [0]", rich_help_panel=RATE)
    ] = None,
    layer_decay: Annotated[
        float | None,
        typer.Option(metavar="F", help="Rate of a layer, as a part of the next one's. [1]", rich_help_panel=RATE),
    ] = None,
    backbone_lr: Annotated[
        float | None,
        typer.Option(metavar="F", help="Rate of the backbone, as a part of the head's. [1]", rich_help_panel=RATE),
    ] = None,
    loss_lr: Annotated[
        float | None,
        typer.Option(metavar="F", help="Rate of a loss's own parameters, likewise. [1]", rich_help_panel=RATE),
    ] = None,
    clip: Annotated[
        float | None, typer.Option(metavar="NORM", help="Greatest norm of the gradient.", rich_help_panel=RATE)
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.", rich_help_panel=MACHINE)] = None,
    devices: Annotated[int | None, typer.Option(metavar="N", help="[1]", rich_help_panel=MACHINE)] = None,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of Lightning, such as ddp.", rich_help_panel=MACHINE)
    ] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, bf16 or fp16. [fp32]", rich_help_panel=MACHINE)] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that augment.", rich_help_panel=MACHINE)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="[0]", rich_help_panel=RUN)] = None,
    monitor: Annotated[
        str | None,
        typer.Option(metavar="FIGURE", help="Chooses the checkpoint. [val/map@r]", rich_help_panel=RUN),
    ] = None,
    false_match_rate: Annotated[
        float | None,
        typer.Option("--fmr", metavar="RATE", help="For the threshold of `fm match`. [0.01]", rich_help_panel=RUN),
    ] = None,
    logger: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="tensorboard, wandb or mlflow, beside the table.", rich_help_panel=RUN),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="[fm-runs/...]", rich_help_panel=RUN)
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with a run that was cut off.", rich_help_panel=RUN)
    ] = None,
    json: option.JsonOption = False,
) -> None:
    """Train a model on the items of SOURCE; it works at once in `fm ingest --model` and `fm match --model`.

    `--set KEY=VALUE` sets an option of the method (`fm plugins show triplet`), `--set loss.KEY=VALUE` of its loss,
    `--set backbone.KEY=VALUE` of the backbone, `--set reader.KEY=VALUE` of the reader; with several methods,
    `--set METHOD.KEY=VALUE`.
    """
    options = {
        "label_by": label_by,
        "validation": validation,
        "test": test,
        "augment": augment,
        "cache_mb": cache_mb,
        "image_size_px": image_size,
        "freeze": freeze,
        "batch_norm": batch_norm,
        "dropout": dropout,
        "epochs": epochs,
        "max_minutes": max_minutes,
        "stages": stage or None,
        "stop_after": stop_after,
        "batch_size": batch_size,
        "accumulate": accumulate,
        "lr": lr,
        "find_lr": find_lr,
        "schedule": schedule,
        "warmup": warmup,
        "patience": patience,
        "factor": factor,
        "optimizer": optimizer,
        "weight_decay": weight_decay,
        "l1": l1,
        "l2": l2,
        "layer_decay": layer_decay,
        "backbone_lr": backbone_lr,
        "loss_lr": loss_lr,
        "clip": clip,
        "device": device,
        "devices": devices,
        "strategy": strategy,
        "precision": precision,
        "workers": workers,
        "seed": seed,
        "monitor": monitor,
        "false_match_rate": false_match_rate,
        "loggers": logger or None,
    }
    given = {name: value for name, value in options.items() if value is not None}
    asked = {"reader": reader, "backbone": backbone, "weights": weights, "init": init}
    plugins = plugins_of(context)
    from fashion_match.core import training

    with _progress() as on_progress:
        max_pixels = _max_pixels()
        if resume is not None:
            _nothing_else(source, plugin, given, asked, settings)
            report = training.resume(plugins, resume, max_pixels=max_pixels, notify=show.say, on_progress=on_progress)
        else:
            from fashion_match.core.train.request import make_request

            request = make_request(
                recipe=recipe,
                source=source,
                methods=tuple(plugin or ()),
                settings=option.parse_settings(settings),
                options=given,
                **asked,
            )
            folder = out or training.new_folder(request.methods, training.RUNS)
            training.check_new(folder)
            report = training.run(
                plugins, request, folder, max_pixels=max_pixels, notify=show.say, on_progress=on_progress
            )
    if report is not None:
        _print(report, json)


def reproduce(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a complete run.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="[RUN-again]")] = None,
    json: option.JsonOption = False,
) -> None:
    """Repeat a run from its manifest, and say how far the result agrees. Exit code 3 if it does not."""
    from fashion_match.core import training

    folder = out or training.new_folder((f"{run.name}-again",), run.parent)
    with _progress() as on_progress:
        found = training.reproduce(
            plugins_of(context), run, folder, max_pixels=_max_pixels(), notify=show.say, on_progress=on_progress
        )
    if json:
        show.as_json(
            {
                "same_weights": found.same_weights,
                "agrees": found.agrees,
                "largest_difference": found.largest,
                "then": dict(found.then),
                "now": dict(found.now),
                "changed": list(found.changed),
                "run": str(folder),
            }
        )
    else:
        for line in found.changed:
            show.tell(f"Changed: {line}.")
        rows = [[name, f"{then:.4f}", f"{found.now.get(name, float('nan')):.4f}"] for name, then in found.then.items()]
        show.table(["figure", "then", "now"], rows, numbers=("then", "now"))
        how = (
            "bit for bit"
            if found.same_weights
            else f"within {found.largest:.4f}, where {training.TOLERANCE} is allowed"
        )
        show.tell(f"The run agrees {how}." if found.agrees else f"The run does not agree: {found.largest:.4f} apart.")
    if not found.agrees:
        raise typer.Exit(3)


def _max_pixels() -> int:
    from fashion_match.core.settings import load_settings

    return load_settings().max_pixels


def _nothing_else(source: str | None, plugin: Any, given: dict[str, Any], asked: dict[str, Any], settings: Any) -> None:
    if source or plugin or settings or given or any(asked.values()):
        raise UsageError("a run that is resumed goes on as it was begun.", "Give --resume DIR alone.")


def _progress() -> AbstractContextManager[Callable[[TrainProgress], None]]:
    if show.is_terminal():
        from fashion_match.command.train_progress import TrainBar

        return TrainBar()
    return nullcontext(_line)


def _line(progress: TrainProgress) -> None:
    """Say a line for each epoch, where no bar can be drawn."""
    if progress.row is not None:
        show.say(epoch_line(progress))


def epoch_line(progress: TrainProgress) -> str:
    """Return ``epoch 3: loss 0.412, map@r 0.531, recall@1 0.702 (41 s)``."""
    row = progress.row or {}
    shown = ("val/map@r", "val/recall@1", "val/view_mrr", "val/view_recall@1", "val/oracle_top5_error", "val/loss")
    figures = [f"{name.removeprefix('val/')} {row[name]:.3f}" for name in shown if name in row]
    accuracies = [f"{name.removeprefix('val/accuracy:')} {row[name]:.3f}" for name in row if "val/accuracy:" in name]
    if accuracies:
        figures.append("accuracy " + " ".join(accuracies))
    text = ", ".join([f"loss {progress.loss:.4g}", *figures])
    return f"epoch {progress.epoch}: {text} ({progress.seconds:.0f} s)"


def _print(report: RunReport, json: bool) -> None:
    if json:
        show.as_json(
            {
                "run": str(report.folder),
                "model": str(report.model),
                "fingerprint": report.card.fingerprint,
                "improved": report.improved,
                "monitor": report.monitor,
                "before": report.before,
                "figures": report.figures,
                "threshold": report.card.threshold,
                "calibration": report.card.calibration,
                "n_train": report.n_train,
                "n_judged": report.n_judged,
                "n_failed": len(report.failures),
                "seconds": round(report.seconds, 1),
            }
        )
        return
    show.tell(
        f"Trained on {show.plural(report.n_train, 'photo')}, judged by {report.n_judged:,} others, "
        f"in {report.seconds:.0f} s."
    )
    names = [name for name in report.figures if not (":" in name and "recall@" in name and "@1:" not in name)]
    rows = [
        [
            name.removeprefix("val/") + (" (oracle: uses the labels)" if "oracle" in name else ""),
            f"{report.before[name]:.3f}" if name in report.before else "",
            f"{report.figures[name]:.3f}",
        ]
        for name in names
    ]
    if rows:
        show.table(["figure", "before", "after"], rows, numbers=("before", "after"))
    if not report.improved:
        show.tell(f"No epoch was better than the start by {report.monitor.removeprefix('val/')}: the start was kept.")
    if report.card.threshold is not None:
        rate = report.card.calibration.get("false_match_rate", 0.0)
        show.tell(f"Threshold {report.card.threshold:.3f}: at most {rate:.1%} of different styles taken for the same.")
    show.tell(f"Model: {report.model} (curves beside it: {report.folder / 'curves.png'})")
    show.tell(f"Next: fm ingest SOURCE --model {report.folder}")
