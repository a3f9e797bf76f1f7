"""Which column of a table is what: recognised by its name, or said by an option."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from fashion_match import STANDARD_ATTRIBUTES, Options, did_you_mean
from fashion_match.plugins.readers.number import number_of, price_of, year_of
from fashion_match.plugins.readers.option_type import Names, Renames

FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "itemid", "productid", "articleid", "sku"),
    "image": (
        *("image", "imagepath", "imagefile", "imagename", "img", "imgpath"),
        *("photo", "photopath", "picture", "file", "filename", "filepath", "path"),
    ),
    "label": ("label", "styleid", "groupid"),
    "split": ("split", "subset", "partition"),
    "role": ("role",),
    "box": ("box", "bbox", "boundingbox"),
}
"""Column names that mean an item's own field; compared without case, spaces, hyphens and underscores."""

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "category": ("category", "categoryname", "articletype", "producttype", "producttypename", "garmenttype", "class"),
    "color": ("color", "colour", "basecolor", "basecolour", "colorname", "colourname", "colourgroupname"),
    "pattern": ("pattern", "print", "graphicalappearancename"),
    "season": ("season",),
    "gender": ("gender", "sex"),
    "brand": ("brand", "brandname"),
    "price": ("price",),
    "year": ("year",),
    "usage": ("usage", "occasion"),
    "name": ("name", "title", "productdisplayname", "productname", "producttitle", "prodname"),
}
"""Column names that mean a standard attribute, compared in the same way; the first one that a table has wins."""

_NESTED = frozenset({"attributes", "scores"})

_EXPORTED = frozenset({"id", "image", "role", "source"})
"""Columns by which a table is known for one that ``fm items export`` wrote."""

_NOT_OF_THE_ITEM = frozenset({"source", "vector"})
"""Columns of such a table that say where an item was stored from, and as what."""

Convert = Callable[[str, object], object]


class ColumnOptions(Options):
    """The options that say what the columns are; without them they are told by their names."""

    id: str | None = Field(None, description="column with the id of the item")
    image: str | None = Field(None, description="column with the path of the photo")
    label: str | None = Field(None, description="column with the style or product: same label, same style")
    split: str | None = Field(None, description="column with train, val or test")
    role: str | None = Field(None, description="column with gallery or query")
    box: str | None = Field(None, description="column with the box x0, y0, x1, y1 in pixels")
    map: Renames = Field(default_factory=dict, description="attribute that a column becomes: COLUMN=ATTRIBUTE,...")
    numeric: Names = Field((), description="columns whose values are numbers; price and year always are")
    keep: Names = Field((), description="columns that become attributes; by default all")
    drop: Names = Field((), description="columns that are left out")


class ColumnError(Exception):
    """The columns do not make sense: a problem and a remedy."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Plan:
    """Where in a row each thing stands, by position."""

    fields: dict[str, int]
    """Item field to position."""
    attributes: tuple[tuple[int, str, Convert | None], ...]
    """Position, attribute name, and how its value becomes a number where it is one."""
    nested: dict[str, int]
    """``attributes`` and ``scores``, where a typed table holds them as objects."""


def plan_columns(columns: Sequence[str], options: ColumnOptions, *, typed: bool, exact: bool = True) -> Plan:
    """Return what each of ``columns`` is.

    Args:
        typed: values come with their types, so that columns ``attributes`` and ``scores`` may hold objects.
        exact: a column that an option names must be there.

    Raises:
        ColumnError: an option names a column that is not there, a name occurs twice, or a name is no attribute's.
    """
    _check_names(columns, options, exact)
    position = {name: n for n, name in enumerate(columns)}
    left_out = {"", *options.drop, *options.map}
    if typed and set(columns) >= _EXPORTED:
        left_out |= _NOT_OF_THE_ITEM
    free = dict.fromkeys(name for name in columns if name not in left_out)
    fields = {field: position[name] for field in FIELDS if (name := _field_column(field, free, options)) is not None}
    for name in columns:
        if name in free and position[name] in fields.values():
            del free[name]
    nested = {name: position[name] for name in _NESTED if typed and name in free}
    names = {column: attribute for column, attribute in options.map.items() if column in position}
    for attribute, synonyms in ATTRIBUTES.items():
        if attribute not in names.values() and (column := _first(synonyms, free)) is not None:
            names[column] = attribute
    for column in free:
        if column not in nested:
            names.setdefault(column, column)
    if options.keep:
        names = {column: name for column, name in names.items() if {column, name} & set(options.keep)}
    _check_attributes(names)
    attributes = tuple(
        (position[column], names[column], _converter(column, names[column], options))
        for column in columns
        if column in names
    )
    return Plan(fields, attributes, nested)


def _check_names(columns: Sequence[str], options: ColumnOptions, exact: bool) -> None:
    twice = [name for name in columns if name and columns.count(name) > 1]
    if twice:
        raise ColumnError(f"two columns are called {twice[0]!r}.", "Rename one of them.")
    if not exact:
        return
    named = {field: column for field in FIELDS if (column := getattr(options, field))}
    wanted: list[tuple[str, Iterable[str]]] = [(field, [column]) for field, column in named.items()]
    wanted += [("map", options.map), ("drop", options.drop)]
    for option, names in wanted:
        for name in names:
            if name not in columns:
                raise ColumnError(
                    f"there is no column {name!r}, which the option {option} names.",
                    did_you_mean(name, columns, what="columns"),
                )
    for option, names in (("numeric", options.numeric), ("keep", options.keep)):
        known = {*columns, *options.map.values(), *STANDARD_ATTRIBUTES}
        for name in names:
            if name not in known:
                raise ColumnError(
                    f"there is no column or attribute {name!r}, which the option {option} names.",
                    did_you_mean(name, columns, what="columns"),
                )


def _field_column(field: str, free: Iterable[str], options: ColumnOptions) -> str | None:
    named: str | None = getattr(options, field)
    if named is not None:
        return named if named in free else None
    return _first(FIELDS[field], free)


def _first(synonyms: Sequence[str], columns: Iterable[str]) -> str | None:
    by_bare_name: dict[str, str] = {}
    for column in columns:
        by_bare_name.setdefault(_bare(column), column)
    return next((by_bare_name[synonym] for synonym in synonyms if synonym in by_bare_name), None)


def _bare(name: str) -> str:
    return "".join(c for c in name.casefold() if c not in " _-")


def _check_attributes(names: Mapping[str, str]) -> None:
    taken: dict[str, str] = {}
    for column, attribute in names.items():
        if attribute in taken:
            raise ColumnError(
                f"the columns {taken[attribute]!r} and {column!r} both become the attribute {attribute!r}.",
                f"Leave one out with --set drop={column}.",
            )
        taken[attribute] = column
        if attribute in FORBIDDEN or attribute.startswith("_") or any(c in attribute for c in '".[]\n'):
            raise ColumnError(
                f"the column {column!r} cannot become an attribute called {attribute!r}: the name has another meaning.",
                f"Leave it out with --set drop='{column}', or rename it with --set map='{column}=NAME'.",
            )


FORBIDDEN = frozenset({"id", "label", "split", "role", "source"})
"""Names by which a filter asks for an item's own fields."""


def _converter(column: str, attribute: str, options: ColumnOptions) -> Convert | None:
    if attribute == "price":
        return price_of
    if attribute == "year":
        return year_of
    return number_of if {column, attribute} & set(options.numeric) else None
