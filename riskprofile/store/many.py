"""Many values as one parameter of a statement, however many they are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, BigInteger, TableValuedAlias, Text, bindparam, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine


class _Many(TypeDecorator[Any]):
    """Values of one type as one parameter: an array, or on SQLite a list in JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, one: TypeEngine[Any]) -> None:
        super().__init__()
        self.one = one

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(
            Text() if dialect.name == "sqlite" else ARRAY(self.one, dimensions=1)
        )

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return json.dumps(value, ensure_ascii=False) if dialect.name == "sqlite" else value


class _Among(FunctionElement[Any]):
    # Not Boolean: of a truth value SQLite would be asked whether it is 1, and find no index for it.
    type = NullType()
    inherit_cache = True

    @property
    def comparator(self) -> Any:
        """Made anew: kept, it would hold this, and all the values, until garbage is looked for."""
        return self.type.comparator_factory(self)


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: Any, **told: Any) -> str:
    column, values = (compiler.process(one, **told) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 (values stay bound)


@compiles(_Among, "postgresql")
def _among_postgres(element: _Among, compiler: Any, **told: Any) -> str:
    column, values = (compiler.process(one, **told) for one in element.clauses)
    return f"{column} = ANY({values})"


def among(column: Any, values: Iterable[Any] | str) -> Any:
    """Where a column of texts or whole numbers is one of many: one parameter, however many.

    `column.in_(values)` makes a parameter of each, and each is written out and parsed anew.
    A text names the parameter, for a statement that is made once: to make one takes longer than
    to ask a small one.
    """
    many = _Many(column.type)
    if isinstance(values, str):
        return _Among(column, bindparam(values, type_=many))
    return _Among(column, bindparam(None, list(values), type_=many, unique=True))


class _Each(FunctionElement[Any]):
    inherit_cache = True


@compiles(_Each, "sqlite")
def _each_sqlite(element: _Each, compiler: Any, **told: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **told)})"


@compiles(_Each, "postgresql")
def _each_postgres(element: _Each, compiler: Any, **told: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **told)})"


def each(name: str) -> TableValuedAlias:
    """Many whole numbers as a table of one column, `value`: one parameter of this name."""
    numbers = _Each(bindparam(name, type_=_Many(BigInteger())))
    # On PostgreSQL a column goes by the name of such a table.
    return numbers.table_valued(column("value", BigInteger()), name="value")
