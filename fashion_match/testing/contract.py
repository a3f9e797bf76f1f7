"""How a contract is checked: named checks in a row, each passed, failed or skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from fashion_match.core.error import FashionMatchError, PluginError
from fashion_match.core.plugin.registry import Entry, Options

Outcome = Literal["passed", "failed", "skipped"]


class ContractError(AssertionError):
    """What the contract says, and what was found instead."""


class Skip(Exception):
    """Why a check does not apply, or what it would need."""


@dataclass(frozen=True)
class CheckResult:
    """What became of one check."""

    kind: str
    """Kind of plugin, such as ``"reader"``."""
    plugin: str
    check: str
    outcome: Outcome
    detail: str = ""


@dataclass
class Subject:
    """The plugin under test. Each kind of plugin has its own subject, which makes what its checks look at."""

    entry: Entry[Any]
    options: Mapping[str, Any] = field(default_factory=dict)


S = TypeVar("S", bound=Subject)
Check = Callable[[S], None]


def run_in_order(kind: str, subject: S, checks: Iterable[Check[S]]) -> Iterator[CheckResult]:
    """Run ``checks``, named by their functions. Where the first of them fails the others have nothing to look at."""
    gate: CheckResult | None = None
    for check in checks:
        name = check.__name__.replace("_", " ")
        outcome: Outcome = "passed"
        detail = ""
        if gate is not None and gate.outcome != "passed":
            outcome, detail = "skipped", f"because of: {gate.check}"
        else:
            try:
                check(subject)
            except Skip as reason:
                outcome, detail = "skipped", str(reason)
            except (ContractError, FashionMatchError) as error:
                outcome, detail = "failed", " ".join(str(error).split())
            except Exception as error:
                message = " ".join(str(error).split())
                outcome, detail = "failed", f"raised {type(error).__name__}: {message}"[:300]
        result = CheckResult(kind, subject.entry.name, name, outcome, detail)
        gate = gate or result
        yield result


def require(holds: object, otherwise: str) -> None:
    """Raise ContractError with the sentence ``otherwise`` unless ``holds``."""
    if not holds:
        raise ContractError(otherwise)


def options_refuse_what_they_do_not_know(subject: Subject) -> None:
    """Shared by all kinds."""
    wrong = "an_option_that_cannot_exist"
    try:
        subject.entry.parse({**subject.options, wrong: 1})
    except PluginError as error:
        require(wrong in str(error), f"an unknown option must be refused by its name, but the refusal was: {error}")
        return
    raise ContractError("an unknown option must be refused; derive the options from fashion_match.Options")


def as_entry(plugin: Any, options: Mapping[str, Any] | BaseModel | None) -> tuple[Entry[Any], Mapping[str, Any]]:
    """Return an entry as it is, and a bare factory as the entry that it would be registered as."""
    if isinstance(plugin, Entry):
        return plugin, options.model_dump() if isinstance(options, BaseModel) else options or {}
    name = getattr(plugin, "__name__", type(plugin).__name__)
    model = type(options) if isinstance(options, BaseModel) else Options
    entry = Entry(name, plugin, model, "", "this test")
    return entry, options.model_dump() if isinstance(options, BaseModel) else options or {}


def raise_failures(results: Iterable[CheckResult]) -> None:
    """Raise ContractError with one line for each failed check."""
    failed = [result for result in results if result.outcome == "failed"]
    if failed:
        lines = "".join(f"\n- {result.check}: {result.detail}" for result in failed)
        raise ContractError(f"{failed[0].kind} {failed[0].plugin} breaks its contract:{lines}")
