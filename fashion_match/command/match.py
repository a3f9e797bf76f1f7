"""``fm match``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fashion_match.core.match import Accuracy, Match

VERDICTS = {"same": "Same style", "different": "Different styles", "unknown": "Unknown"}


def match(
    context: typer.Context,
    a: Annotated[str | None, typer.Argument(metavar="A", help="A photo.")] = None,
    b: Annotated[str | None, typer.Argument(metavar="B", help="Another photo.")] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="CSV, TSV, Parquet or JSON lines: two columns of photos, and maybe one, `same`, of 1 or 0.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv|FILE.jsonl", help="Write what is found about --pairs.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="A saved model, or a run. [the collection's]")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(metavar="COSINE", help="Least score of one style. [the model's]")
    ] = None,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    device: option.DeviceOption = "auto",
    engine: option.EngineOption = "auto",
    precision: option.PrecisionOption = "fp32",
    json: option.JsonOption = False,
) -> None:
    """Say whether photos A and B show one style, or whether those of each pair in a table do.

    The score is the cosine of both. Its probability takes one style and two for equally likely beforehand. Exit code 3
    says that some photos of the table could not be used.
    """
    from fashion_match.core.compute import Compute

    if (a is None or b is None) == (pairs is None) or (pairs is not None and a is not None):
        raise UsageError("it is not clear what to compare.", "Give two photos, or --pairs TABLE.")
    if out is not None and pairs is None:
        raise UsageError("--out is for many pairs.", "Give --pairs TABLE, or --json for one pair.")
    with open_catalogue(context, store, collection) as catalogue:
        settings: dict[str, Any] = {
            "model": model,
            "threshold": threshold,
            "compute": Compute(
                engine=engine, device=device, precision=precision, max_pixels=catalogue.settings.max_pixels
            ),
            "notify": show.say,
        }
        if pairs is None:
            assert a is not None
            assert b is not None
            print_match(catalogue.match(a, b, **settings), json)
            return
        from fashion_match.core.output import check_output
        from fashion_match.core.pair_table import WRITTEN, read_pairs

        if out is not None:
            check_output(out, WRITTEN)
        found = catalogue.match_pairs(read_pairs(pairs), folder=pairs.parent, **settings)
        report(list(_shown(found)) if json and out is None else list(found), out, json)


def print_match(found: Match, json: bool) -> None:
    """Print what was found about two photos."""
    if json:
        show.as_json(found)
    else:
        parts = [f"score {found.score:.3f}"]
        if found.threshold is not None:
            parts.append(f"threshold {found.threshold:.3f}")
        if found.p_same is not None:
            parts.append(f"probability of one style {show_share(found.p_same)}")
        show.tell(f"{VERDICTS[found.verdict]}: {', '.join(parts)}")
    if found.threshold is None:
        _tell_how_to_get_a_threshold()


def report(matches: Sequence[Match], out: Path | None, json: bool) -> None:
    """Print or write what was found about the pairs of a table, and sum it up; some failures give exit code 3."""
    from fashion_match.core.match import judge
    from fashion_match.core.pair_table import write_rows

    if out is not None:
        write_rows(matches, out)
    elif not json:
        print_table(matches)
    n_failed = sum(found.failure is not None for found in matches)
    accuracy = judge(matches)
    if json and out is not None:
        n = {"n_pairs": len(matches), "n_failed": n_failed}
        show.as_json({**n, "accuracy": accuracy.share, "n_judged": accuracy.n, "file": str(out)})
    else:
        sum_up = show.say if json else show.tell
        for line in _summary(matches, accuracy):
            sum_up(line)
        if out is not None:
            show.tell(f"{show.plural(len(matches), 'pair')} -> {out}")
    if matches[0].threshold is None:
        _tell_how_to_get_a_threshold()
    if n_failed:
        show.say(f"{show.plural(n_failed, 'pair')} could not be compared: the reason stands beside each.")
        raise typer.Exit(3)


def print_table(matches: Sequence[Match]) -> None:
    """Print a row for each pair."""
    columns = ["score", "verdict"]
    columns += ["probability"] if any(found.p_same is not None for found in matches) else []
    columns += ["expected"] if any(found.expected is not None for found in matches) else []
    columns += ["a", "b"]
    columns += ["failure"] if any(found.failure for found in matches) else []
    cells = [
        {
            "score": None if found.score is None else f"{found.score:.3f}",
            "verdict": found.verdict,
            "probability": None if found.p_same is None else show_share(found.p_same),
            "expected": {True: "same", False: "different", None: None}[found.expected],
            "a": found.a,
            "b": found.b,
            "failure": found.failure,
        }
        for found in matches
    ]
    numbers = ("score", "probability")
    show.table(columns, [[cell[name] for name in columns] for cell in cells], numbers=numbers, whole=("score",))


def show_share(share: float) -> str:
    """Return ``"93 %"``."""
    return f"{100 * share:.0f} %"


def _shown(matches: Iterator[Match]) -> Iterator[Match]:
    """Print each match as it comes."""
    for found in matches:
        show.as_json(found)
        yield found


def _summary(matches: Sequence[Match], accuracy: Accuracy) -> Iterator[str]:
    n = {verdict: sum(found.verdict == verdict for found in matches) for verdict in VERDICTS}
    yield f"{show.plural(len(matches), 'pair')}: {', '.join(f'{count:,} {name}' for name, count in n.items())}"
    if accuracy.share is not None:
        wrong = []
        if accuracy.n_same:
            wrong.append(f"{accuracy.n_missed:,} of {accuracy.n_same:,} of one style were missed")
        if accuracy.n_different:
            wrong.append(f"{accuracy.n_mistaken:,} of {accuracy.n_different:,} of two styles were taken for one")
        yield f"Accuracy {100 * accuracy.share:.1f} % of {show.plural(accuracy.n, 'pair')}: {', '.join(wrong)}"


def _tell_how_to_get_a_threshold() -> None:
    show.say("The model has no threshold for a verdict: `fm train` fits one, or give --threshold 0.8.")
