"""Read a statement and say what must hold so that every row of a project in it is of one project.

A small logic over the parsed text. A *term* is a column of a source in a query, or a value that is bound. An equality
in a condition that every row must meet leads from one term to another; a table of a project is pinned when a chain of
equalities leads to its `project_id` from a value that is the project's number. What is not understood is not proven.

This module takes long to import (sqlglot): `pinning.py` loads it with the first statement that needs it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Final

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

OWNER: Final = "project_id"

type Term = tuple[str | int, str, str]
"""(query, source, column) of a column; ("value", its name, "") of what is bound; ("number", digits, "")."""
type Step = tuple[frozenset[Term], Term]
"""Where all of these are the project's number, this is."""
type Outputs = list[tuple[str, Term | None]]
type _TermOf = Callable[[exp.Expr], Term | None]


class NotProven(Exception):
    """The text says how a row of another project could be reached, or cannot be followed."""


@dataclass
class Proof:
    """What must be pinned (`goals`), and what follows from what; `values` are the bound values that matter."""

    goals: list[Term] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    _open: dict[tuple[Term, ...], list[str]] = field(default_factory=dict)

    @cached_property
    def values(self) -> list[Term]:
        """The bound values and numbers from which a chain may begin."""
        named = chain(self.goals, *(before for before, _after in self.steps))
        return sorted({term for term in named if term[0] in ("value", "number")}, key=str)

    def open_goals(self, given: tuple[Term, ...]) -> list[str]:
        """What stays unpinned when these values are the project's number."""
        if given not in self._open:
            self._open[given] = self._left(given)
        return self._open[given]

    def _left(self, given: tuple[Term, ...]) -> list[str]:
        pinned = set(given)
        while more := {after for before, after in self.steps if before <= pinned} - pinned:
            pinned |= more
        return [f"{source}.{column}".rstrip(".") for _query, source, column in set(self.goals) - pinned]


@dataclass
class _Query:
    """One SELECT, UPDATE, DELETE or INSERT: the names that it knows, and the query around it."""

    number: int
    around: "_Query | None"
    known: dict[str, bool] = field(default_factory=dict)
    withs: dict[str, list[Outputs]] = field(default_factory=dict)
    columns: dict[str, set[str]] = field(default_factory=dict)

    def holder(self, source: str) -> "_Query | None":
        """The query that a source's name means, seen from here."""
        return self if source in self.known else self.around and self.around.holder(source)

    def written_with(self, name: str) -> list[Outputs] | None:
        """What a WITH of this name gives, seen from here."""
        if name in self.withs:
            return self.withs[name]
        return self.around.written_with(name) if self.around else None


def prove(sql: str, dialect: str, owned: frozenset[str]) -> Proof:
    """What must hold for this text. `dialect` is sqlglot's name, `owned` the tables of projects.

    Raises NotProven where no values could make it hold.
    """
    try:
        statements = parse(sql, dialect=dialect)
    except SqlglotError as error:
        raise NotProven(f"it cannot be read: {str(error)[:200]}") from None
    if len(statements) != 1 or statements[0] is None:
        raise NotProven("it is more than one statement")
    reader = _Reader(owned)
    reader.read(statements[0], None)
    for table in statements[0].find_all(exp.Table):
        if _name(table) in owned and id(table) not in reader.seen:
            raise NotProven(f"{_name(table)} stands where it cannot be followed")
    return reader.proof


def _name(node: exp.Expr) -> str:
    return node.name.lower()


def _call(node: exp.Expr) -> str:
    return node.alias_or_name.lower()


class _Reader:
    def __init__(self, owned: frozenset[str]) -> None:
        self.owned = owned
        self.proof = Proof()
        self.seen: set[int] = set()
        self._count = 0

    def read(self, node: exp.Expr, around: _Query | None) -> list[Outputs]:
        """Read a statement or a query in it; gives the columns of its rows, for each branch of a union."""
        match node:
            case exp.Subquery():
                return self.read(node.this, self._begin(node, around))
            case exp.SetOperation():
                query = self._begin(node, around)
                return [*self.read(node.this, query), *self.read(node.expression, query)]
            case exp.Select():
                return self._read_select(node, around)
            case exp.Update():
                return self._read_update(node, around)
            case exp.Delete():
                return self._read_delete(node, around)
            case exp.Insert():
                return self._read_insert(node, around)
        raise NotProven(f"{type(node).__name__} is not followed")

    def _begin(self, node: exp.Expr, around: _Query | None) -> _Query:
        """A query of its own, with what stands in its WITH."""
        self._count += 1
        query = _Query(self._count, around)
        for one in node.args.get("with_", exp.With(expressions=[])).expressions:
            names = [_name(column) for column in one.args["alias"].args.get("columns") or ()]
            query.withs[_call(one)] = []  # known to itself, where it is recursive
            query.withs[_call(one)] = [_renamed(outputs, names) for outputs in self.read(one.this, query)]
        return query

    def _read_select(self, node: exp.Select, around: _Query | None) -> list[Outputs]:
        query = self._begin(node, around)
        if start := node.args.get("from_"):
            self._add(start.this, query)
        self._join(node, query)
        self._where(node.args.get("where"), query)
        self.seen |= {id(table) for lock in node.args.get("locks") or () for table in lock.find_all(exp.Table)}
        rest = (value for key, value in node.args.items() if key not in ("with_", "from_", "joins", "where"))
        self._read_inside(_nodes(rest), query)
        if any(one.is_star for one in node.expressions):
            return [[]]  # how many columns a star stands for is not known here
        return [[(_call(one), self._term(one, query)) for one in node.expressions]]

    # Sources

    def _add(self, node: exp.Expr, query: _Query) -> set[str]:
        """Add what rows come from; gives the names of the sources."""
        match node:
            case exp.Table():
                names = self._add_table(node, query)
            case exp.Subquery() if isinstance(node.this, exp.Table | exp.Subquery):
                names = self._add(node.this, query)
            case exp.Subquery():
                names = self._derive(_call(node), _given(node, self.read(node, query)), query)
            case exp.Lateral() if isinstance(node.this, exp.Subquery):
                names = self._derive(_call(node), _given(node, self.read(node.this, query)), query)
            case exp.Values():
                rows = [[("", self._term(one, query)) for one in row.expressions] for row in node.expressions]
                names = self._derive(_call(node), _given(node, rows), query)
            case _:
                self._read_inside([node], query)
                names = self._know(_call(node), query)
        return names | self._join(node, query)

    def _add_table(self, node: exp.Table, query: _Query) -> set[str]:
        self.seen.add(id(node))
        written = None if node.args.get("db") else query.written_with(_name(node))
        if written is not None:
            return self._derive(_call(node), written, query)
        self._read_inside([one for one in node.iter_expressions() if isinstance(one, exp.Func)], query)
        if _name(node) in self.owned:
            self.proof.goals.append((query.number, _call(node), OWNER))
            query.columns[_call(node)] = {OWNER}
        return self._know(_call(node), query)

    def _know(self, name: str, query: _Query) -> set[str]:
        query.known[name] = True
        return {name}

    def _derive(self, name: str, branches: list[Outputs], query: _Query) -> set[str]:
        """A source made of other queries: its column is pinned where it is in each of them."""
        for at, (column, _term) in enumerate(branches[0] if branches else []):
            terms = [branch[at][1] if at < len(branch) else None for branch in branches]
            query.columns.setdefault(name, set()).add(column)
            if None not in terms:
                self.proof.steps.append((frozenset(t for t in terms if t), (query.number, name, column)))
        return self._know(name, query)

    def _join(self, node: exp.Expr, query: _Query) -> set[str]:
        """The joins of a FROM. A condition of an outer join says nothing of the side whose rows all stay."""
        added: set[str] = set()
        for join in node.args.get("joins") or ():
            before = set(query.known)
            right = self._add(join.this, query)
            added |= right
            about = {"LEFT": right, "RIGHT": before, "FULL": set()}.get(join.side, set(query.known))
            self._hold(join.args.get("on"), query, about)
        return added

    # Conditions

    def _where(self, where: exp.Expr | None, query: _Query) -> None:
        if where is not None:
            self._hold(where.this, query, set(query.known))

    def _hold(self, condition: exp.Expr | None, query: _Query, about: set[str]) -> None:
        """Each side of an equality follows from the other, where it is a column that the condition restricts."""
        if condition is None:
            return
        self._read_inside([condition], query)
        if _is_never_met(condition):
            self.proof.steps += [(frozenset(), (query.number, name, OWNER)) for name in about]
        for before, after in _steps(condition, lambda side: self._term(side, query)):
            if after[0] == query.number and after[1] in about:
                self.proof.steps.append((before, after))

    def _term(self, node: exp.Expr, query: _Query) -> Term | None:
        while isinstance(node, exp.Cast | exp.Paren | exp.Alias):
            node = node.this
        if isinstance(node, exp.Placeholder):
            return ("value", node.name, "")
        if isinstance(node, exp.Literal) and not node.is_string:
            return ("number", node.name, "")
        if not isinstance(node, exp.Column):
            return None
        source = node.table.lower() or self._only_source(_name(node), query)
        holder = query.holder(source)
        return (holder.number, source, _name(node)) if holder else None

    def _only_source(self, column: str, query: _Query) -> str:
        """The source of a column without one: clear only where there is a single source that has it."""
        (only, *more) = query.known or ("",)
        return "" if more or column not in query.columns.get(only, ()) else only

    def _read_inside(self, nodes: Iterable[exp.Expr], query: _Query) -> None:
        """Read the queries that stand in expressions."""
        for node in nodes:
            for one in node.walk(prune=lambda part: isinstance(part, exp.Query)):
                if isinstance(one, exp.Query) and not isinstance(one, exp.Table):
                    self.read(one, query)

    # What changes rows

    def _read_update(self, node: exp.Update, around: _Query | None) -> list[Outputs]:
        query = self._begin(node, around)
        self._add(node.this, query)
        if start := node.args.get("from_"):
            self._add(start.this, query)
        self._where(node.args.get("where"), query)
        self._stay(node.expressions, query)
        return self._give_back(node, query)

    def _read_delete(self, node: exp.Delete, around: _Query | None) -> list[Outputs]:
        query = self._begin(node, around)
        for one in [node.this, *(node.args.get("using") or ())]:
            self._add(one, query)
        self._where(node.args.get("where"), query)
        return self._give_back(node, query)

    def _stay(self, sets: list[exp.Expr], query: _Query) -> None:
        """No row moves: what is set as its project must be pinned as well."""
        self._read_inside(sets, query)
        for one in sets:
            if not any(_name(column) == OWNER for column in one.this.find_all(exp.Column)):
                continue
            self._want(self._term(one.expression, query))

    def _want(self, term: Term | None) -> None:
        if term is None:
            raise NotProven("it writes a project_id that cannot be followed")
        self.proof.goals.append(term)

    def _give_back(self, node: exp.Expr, query: _Query) -> list[Outputs]:
        returning = node.args.get("returning")
        self._read_inside(_nodes([returning]), query)
        return [[(_call(one), self._term(one, query)) for one in returning.expressions]] if returning else []

    def _read_insert(self, node: exp.Insert, around: _Query | None) -> list[Outputs]:
        query = self._begin(node, around)
        table, columns = _target(node)
        self.seen.add(id(table))
        rows = self._rows(node, query)
        self._know(_call(table), query)
        if _name(table) in self.owned:
            self._own_rows(node, columns, rows)
            query.columns[_call(table)] = {OWNER}
        if conflict := node.args.get("conflict"):
            self._overwrite(conflict, table, query)
        return self._give_back(node, query)

    def _rows(self, node: exp.Insert, query: _Query) -> list[Outputs]:
        source = node.args.get("expression")
        if isinstance(source, exp.Values):
            self._read_inside([source], query)
            return [[("", self._term(one, query)) for one in row.expressions] for row in source.expressions]
        return self.read(source, query) if source is not None else []

    def _own_rows(self, node: exp.Insert, columns: list[str], rows: list[Outputs]) -> None:
        if OWNER not in columns or not rows or node.args.get("alternative"):
            raise NotProven("it adds rows that do not say which project's they are")
        at = columns.index(OWNER)
        for row in rows:
            self._want(row[at][1] if at < len(row) else None)

    def _overwrite(self, conflict: exp.OnConflict, table: exp.Table, query: _Query) -> None:
        """DO UPDATE changes a row that is there: of the same project, by the key of the conflict or by a condition."""
        self._where(conflict.args.get("where"), query)
        self._stay(conflict.expressions, query)
        keys = {_name(key.this) for key in conflict.args.get("conflict_keys") or ()}
        if conflict.expressions and _name(table) in self.owned and OWNER not in keys:
            self.proof.goals.append((query.number, _call(table), OWNER))


def _target(node: exp.Insert) -> tuple[exp.Table, list[str]]:
    """The table of an INSERT, and its columns in their order."""
    schema = node.this
    if isinstance(schema, exp.Schema) and isinstance(schema.this, exp.Table):
        return schema.this, [_name(column) for column in schema.expressions]
    if isinstance(schema, exp.Table):
        return schema, []
    raise NotProven("it adds rows to something that is no table")


def _steps(node: exp.Expr, term: _TermOf) -> frozenset[Step]:
    """What follows in every row that meets the condition; of an OR, what follows in both branches."""
    match node:
        case exp.And():
            return _steps(node.this, term) | _steps(node.expression, term)
        case exp.Or():
            one, other = _steps(node.this, term), _steps(node.expression, term)
            return frozenset((left | right, after) for left, after in one for right, same in other if same == after)
        case exp.Paren():
            return _steps(node.this, term)
        case exp.EQ():
            return _equal(node.this, node.expression, term)
        case exp.In() if len(node.expressions) == 1:
            return _equal(node.this, node.expressions[0], term)
    return frozenset()


def _is_never_met(node: exp.Expr) -> bool:
    """`false`, `0 = 1`: a condition under which there are no rows."""
    match node:
        case exp.And():
            return _is_never_met(node.this) or _is_never_met(node.expression)
        case exp.Or():
            return _is_never_met(node.this) and _is_never_met(node.expression)
        case exp.Paren():
            return _is_never_met(node.this)
        case exp.EQ() if isinstance(one := node.this, exp.Literal) and isinstance(
            other := node.expression, exp.Literal
        ):
            return {one.name, other.name} == {"0", "1"} and not one.is_string and not other.is_string
        case exp.Boolean():
            return not node.this
    return False


def _equal(left: exp.Expr, right: exp.Expr, term: _TermOf) -> frozenset[Step]:
    sides = [one.expressions if isinstance(one, exp.Tuple) else [one] for one in (left, right)]
    pairs = [(term(one), term(other)) for one, other in zip(*sides, strict=False)]
    known = [(one, other) for one, other in pairs if one and other]
    return frozenset((frozenset({one}), other) for one, other in [*known, *((b, a) for a, b in known)])


def _renamed(outputs: Outputs, names: list[str]) -> Outputs:
    return [(names[at] if at < len(names) else name, term) for at, (name, term) in enumerate(outputs)]


def _given(node: exp.Expr, branches: list[Outputs]) -> list[Outputs]:
    """The columns under the names that the alias gives them."""
    alias = node.args.get("alias")
    names = [_name(column) for column in alias.args.get("columns") or ()] if alias else []
    return [_renamed(branch, names) for branch in branches]


def _nodes(values: Iterable[object]) -> Iterator[exp.Expr]:
    for value in values:
        if isinstance(value, list):
            yield from _nodes(value)
        elif isinstance(value, exp.Expr):
            yield value
