"""The folder that is collected into: photos, their table, their provenance, and a README that says what they are.

::

    DIR/items.csv                       what `fm ingest DIR` reads (items.jsonl where a value would not survive CSV)
    DIR/images/3f/3f9a....jpg           named by content, so never by what the web says
    DIR/provenance/provenance.jsonl     in a folder of its own, because a source has one table
    DIR/provenance/failures.jsonl
    DIR/README
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from fashion_match.core.collect.photo_check import CheckedPhoto
from fashion_match.core.collect.provenance import Provenance
from fashion_match.core.collect.record import Entry, Missing, row_number
from fashion_match.core.error import StoreError, UsageError
from fashion_match.core.item import STANDARD_ATTRIBUTES, AttributeValue
from fashion_match.core.output import write_whole
from fashion_match.core.store.lock import Lock, holder

IMAGES, PROVENANCE = "images", "provenance"
NUMBERS = {"price": float, "year": int}
"""Attributes that a text table gives back as numbers."""
FIELDS = ("label", "split", "role", "box")

_SHA256 = re.compile(r"[0-9a-f]{64}")

_README = """\
Photos collected from the web by `fm collect`.

photos      {n_items:>9,}  in images/, named by their content
described   {n_described:>9,}  with at least one attribute, in {table}
addresses   {n_addresses:>9,}  asked for or refused, each with what became of it, in provenance/provenance.jsonl

The photos belong to those who made them. That they can be downloaded is no permission to use, publish or sell them:
ask, or see what provenance/provenance.jsonl says about licence and credit ({n_rights:,} of them say something).

Read them with: fm ingest {name}
"""


class CollectFolder:
    """One folder, held by one process at a time.

    Raises:
        UsageError: it holds other things, cannot be written, or another process collects into it.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._name = out.name or str(out)
        self._make()
        try:
            self._lock = Lock(out / PROVENANCE / "lock", str(out), 0.0)
        except StoreError:
            held = holder(out / PROVENANCE / "lock")
            raise UsageError(
                f"{str(out)!r} is being collected into by {held or 'another process'}.", "Wait for it, or end it."
            ) from None
        self._part = out / PROVENANCE / "photo.part"
        self._part.unlink(missing_ok=True)  # of a run that was killed
        self.provenance = Provenance(out / PROVENANCE / "provenance.jsonl")

    def __enter__(self) -> CollectFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.provenance.close()
        self._lock.release()

    @property
    def failures_file(self) -> Path:
        return self.out / PROVENANCE / "failures.jsonl"

    @property
    def items_file(self) -> Path | None:
        """The table as it is on disk."""
        return next((file for name in ("items.csv", "items.jsonl") if (file := self.out / name).is_file()), None)

    def has(self, entry: Entry) -> bool:
        """Whether the photo of ``entry`` is there, by its size."""
        try:
            return entry.file is not None and os.lstat(self.out / entry.file).st_size == entry.n_bytes
        except OSError:
            return False

    def store(self, photo: CheckedPhoto) -> str:
        """Write a photo, whole or not at all; return its path within the folder."""
        name = file_name(photo.sha256, photo.extension)
        path = self.out / name
        try:
            path.parent.mkdir(exist_ok=True)
            self._refuse_link(path.parent)
            self._part.unlink(missing_ok=True)
            with open(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                file.write(photo.data)
            os.replace(self._part, path)
        except OSError as error:
            raise _unwritable(path, error) from None
        return name

    def write_items(self) -> None:
        """Write the table of all items anew, and the README; the old ones stay until the new ones are whole."""
        items = [entry for entry in self.provenance.items.values() if self.has(entry)]
        items.sort(key=lambda entry: (entry.source, row_number(entry.where)))
        if items:
            plain = all(map(_survives_csv, items))
            name, other = ("items.csv", "items.jsonl") if plain else ("items.jsonl", "items.csv")
            write_whole(self.out / name, (_csv(items) if plain else _json_lines(items)).encode())
            (self.out / other).unlink(missing_ok=True)  # a source has one table
        readme = _README.format(
            n_items=len(items),
            n_described=sum(bool(entry.attributes) for entry in items),
            n_addresses=len(self.provenance.by_address),
            n_rights=sum(bool(entry.rights) for entry in items),
            table=self.items_file.name if self.items_file else "items.csv",
            name=self._name,
        )
        write_whole(self.out / "README", readme.encode())

    def write_failures(self, missing: Iterable[Missing]) -> bool:
        """Write the list of what this run could not collect; return whether there is any."""
        text = "".join(f"{one.model_dump_json()}\n" for one in missing)
        if text:
            write_whole(self.failures_file, text.encode())
        else:
            self.failures_file.unlink(missing_ok=True)
        return bool(text)

    def _make(self) -> None:
        out = self.out
        try:
            check_out(out)
            (out / IMAGES).mkdir(parents=True, exist_ok=True)
            (out / PROVENANCE).mkdir(exist_ok=True)
        except OSError as error:
            raise _unwritable(out, error) from None
        for folder in (out / IMAGES, out / PROVENANCE):
            self._refuse_link(folder)

    def _refuse_link(self, folder: Path) -> None:
        if folder.is_symlink():
            raise UsageError(
                f"{str(folder)!r} is a link, so photos would be written elsewhere.", "Remove it, or name another --out."
            )


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write {str(path)!r}: {error.strerror or error}.", "What was stored before stays.")


def check_out(out: Path) -> None:
    """Raise UsageError where ``out`` is a file, or a folder that holds other things than a collected data set."""
    if not out.is_dir():
        if out.exists() or out.is_symlink():
            raise UsageError(f"--out {str(out)!r} is no folder.", "Name a new folder.")
        return
    if not (out / PROVENANCE).is_dir() and any(out.iterdir()):
        raise UsageError(f"--out {str(out)!r} holds other things already.", "Name a new or an empty folder.")


def file_name(sha256: str, extension: str) -> str:
    """Return the path of a photo within the folder: made of its content, and of nothing that the web says."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is no SHA-256")
    return f"{IMAGES}/{sha256[:2]}/{sha256[:32]}{extension}"


def _survives_csv(entry: Entry) -> bool:
    """Whether a table of text gives back what the item has. Lists, and numbers without a usual name, do not."""
    return all(
        isinstance(value, str) if name not in NUMBERS else isinstance(value, (int, float))
        for name, value in entry.attributes.items()
    )


def _csv(entries: Sequence[Entry]) -> str:
    fields = [name for name in FIELDS if any(_field(entry, name) for entry in entries)]
    found = dict.fromkeys(name for entry in entries for name in entry.attributes)
    attributes = [*(name for name in STANDARD_ATTRIBUTES if name in found)]
    attributes += [name for name in found if name not in STANDARD_ATTRIBUTES]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["id", "image", *fields, *attributes])
    for entry in entries:
        values: list[AttributeValue | None] = [entry.attributes.get(name) for name in attributes]
        table.writerow([entry.id, entry.file, *(_field(entry, name) for name in fields), *values])
    return text.getvalue()


def _field(entry: Entry, name: str) -> str:
    value = getattr(entry, name)
    if name == "role":
        return "query" if value == "query" else ""
    return " ".join(f"{side:g}" for side in value) if name == "box" and value else value or ""


def _json_lines(entries: Sequence[Entry]) -> str:
    lines = []
    for entry in entries:
        row = entry.model_dump_json(include={"id", *FIELDS, "attributes"})
        lines.append(f'{{"image":"{entry.file}",{row[1:]}\n')
    return "".join(lines)
