"""Lists in pages: newest first, the next page begins below the last number of this one."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BeforeValidator
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased
from starlette.requests import Request

from tgac.kit.act import Act
from tgac.kit.web.deps import MAX_ID


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for: `limit` rows (1 to 200) with numbers below `cursor`; `q` is what is searched for."""

    limit: int = 50
    cursor: int | None = None
    q: str = ""


def _asked(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    q: Annotated[str, Query(max_length=100)] = "",
) -> Paging:
    return Paging(limit, cursor, q.replace("\0", "").strip())


OrAny = BeforeValidator(lambda value: value or None)
"""For a filter of a page: a form sends "" where "Any" is chosen. `status: Annotated[Status | None, OrAny] = None`."""

Page = Annotated[Paging, Depends(_asked)]
"""A route's parameter: `?limit=&cursor=&q=`."""


async def paged[T](
    act: Act, statement: Select[T], id_column: InstrumentedAttribute[int], *, page: Paging
) -> tuple[list[T], int | None]:
    """The rows of one page and the cursor of the next one, None when this is the last."""
    if page.cursor is not None:
        statement = statement.where(id_column < page.cursor)
    rows = list(await act.session.scalars(statement.order_by(id_column.desc()).limit(page.limit + 1)))
    if len(rows) <= page.limit:
        return rows, None
    shown = rows[: page.limit]
    return shown, getattr(shown[-1], id_column.key)


def matching(q: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Where one of `columns` contains `q`, taken as it is: `%` and `_` mean themselves.

    SQLite knows upper and lower case of Latin letters only, so the usual ways of writing a word are tried.
    """
    spellings = {q, q.lower(), q.upper(), q.capitalize()}
    return or_(*(column.icontains(one, autoescape=True) for column in columns for one in spellings))


def called(words: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Which rows of a table somebody means who has typed a name: one of `columns` is exactly that; where no row has it,
    those that contain it. An `@` before a username is left aside."""
    name = words.removeprefix("@")
    other: Any = aliased(columns[0].class_)
    known = select(other.id).where(or_(*(getattr(other, column.key) == name for column in columns))).exists()
    return or_(*(column == name for column in columns), and_(~known, matching(name, *columns)))


def next_address(request: Request, following: int | None) -> str:
    """The address of the next page with the filters of this one; "" when this is the last."""
    if following is None:
        return ""
    url = request.url.include_query_params(cursor=following)
    return f"{url.path}?{url.query}"
