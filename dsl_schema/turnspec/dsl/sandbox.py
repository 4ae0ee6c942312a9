"""The part of Jinja that templates may use. Imported only when a template is more than a name."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import FilterArgumentError, SecurityError, TemplateRuntimeError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from turnspec.dsl.problems import nearest
from turnspec.dsl.templates import TemplateError

_FILTERS = frozenset(
    {"abs", "capitalize", "count", "d", "default", "first", "float", "int", "join", "last", "length", "lower"}
    | {"replace", "round", "string", "title", "tojson", "trim", "truncate", "upper", "urlencode"}
)
_TESTS = frozenset(
    {"defined", "undefined", "none", "string", "number", "boolean", "in", "sameas"}
    | {"eq", "ne", "lt", "le", "gt", "ge", "equalto"}
)
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.Compare,
    nodes.Operand,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Concat,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Neg,
    nodes.Pos,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
)
_WORDS: Mapping[type[nodes.Node], str] = {
    nodes.For: "loops",
    nodes.Macro: "macros",
    nodes.Call: "calls",
    nodes.CallBlock: "calls",
    nodes.Assign: "assignments",
    nodes.AssignBlock: "assignments",
    nodes.Include: "includes",
    nodes.Import: "imports",
    nodes.FromImport: "imports",
    nodes.Pow: "powers",
}
_MAX_GROWTH = 64 * 1024


def checked(template: str) -> frozenset[str]:
    """The names a template needs, once it is known to keep the rules."""
    try:
        tree = _ENVIRONMENT.parse(template)
    except TemplateSyntaxError as error:
        hint = "a value is written {{ name }}, a choice {% if name %}...{% endif %}"
        raise TemplateError("bad-template", f"this template is broken: {error.message}", hint=hint) from None
    return frozenset(_needed(tree))


def render(template: str, variables: Mapping[str, Any], limit: int) -> str:
    """Fill in a checked template; it stops once it passes `limit` characters."""
    written: list[str] = []
    length = 0
    try:
        for part in _ENVIRONMENT.from_string(template).generate(variables):
            written.append(part)
            length += len(part)
            if length > limit:
                break
    except UndefinedError as error:
        raise TemplateError("undefined-name", f"this template lacks a value: {error.message}") from error
    except (SecurityError, TemplateRuntimeError, FilterArgumentError) as error:
        raise TemplateError("bad-template", f"this template may not do that: {error}") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TemplateError("bad-template", f"this template cannot be worked out: {error}") from error
    return "".join(written)


def _needed(node: nodes.Node) -> Iterator[str]:
    _refuse(node)
    match node:
        case nodes.Name() | nodes.Getattr():
            yield _dotted(node)
        case nodes.Filter(name="default" | "d", node=nodes.Node() as value) if _is_name(value):
            # What is missing here has its stand-in.
            for argument in node.args:
                yield from _needed(argument)
        case nodes.Test(name="defined" | "undefined"):
            pass
        case _:
            for child in node.iter_child_nodes():
                yield from _needed(child)


def _refuse(node: nodes.Node) -> None:
    if not isinstance(node, _ALLOWED):
        what = _WORDS.get(type(node), f"{type(node).__name__.lower()} expressions")
        hint = "templates have values, filters and if"
        raise TemplateError("bad-template", f"templates cannot have {what}", hint=hint)
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        _unknown("filter", node.name, _FILTERS)
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        _unknown("test", node.name, _TESTS)
    if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
        raise TemplateError("bad-template", "only a number or a quoted word can stand in brackets")


def _unknown(what: str, name: str, known: frozenset[str]) -> NoReturn:
    near = nearest(name, known)
    hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(sorted(known))}"
    raise TemplateError("bad-template", f"templates have no {what} '{name}'", name, hint)


def _is_name(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) or (isinstance(node, nodes.Getattr) and _is_name(node.node))


def _dotted(node: nodes.Node) -> str:
    match node:
        case nodes.Name():
            name = node.name
        case nodes.Getattr():
            name = f"{_dotted(node.node)}.{node.attr}"
        case _:
            raise TemplateError("bad-template", "a dot goes with a name, as in env.NAME")
    if "__" in name or name.startswith("_") or "._" in name:
        raise TemplateError("bad-template", f"'{name}' is not for templates", name)
    return name


class _Sandbox(ImmutableSandboxedEnvironment):
    """Names lead to values in mappings and lists, never to attributes; arithmetic is for numbers."""

    intercepted_binops = frozenset({"*", "%", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and argument in obj:
            return obj[argument]
        if (
            isinstance(obj, list | tuple | str)
            and isinstance(argument, int)
            and -len(obj) <= argument < len(obj)
        ):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Any, operation: str, left: Any, right: Any) -> Any:  # noqa: ARG002 # Jinja's signature
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operation != "+" and not numbers:
            raise SecurityError(f"{operation} is for numbers")
        return _OPERATIONS[operation](left, right)


_OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "*": operator.mul,
    "%": operator.mod,
    "+": operator.add,
}


def _replace(text: Any, old: Any, new: Any) -> str:
    source, grown = str(text), str(new)
    if source.count(str(old)) * len(grown) > _MAX_GROWTH:
        raise SecurityError("replace makes the text too long")
    return source.replace(str(old), grown)


def _join(items: Any, between: Any = "") -> str:
    if not isinstance(items, list | tuple) or len(items) * len(str(between)) > _MAX_GROWTH:
        raise SecurityError("join is for short lists")
    return str(between).join(str(item) for item in items)


def _tojson(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _environment() -> _Sandbox:
    made = _Sandbox(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, cache_size=1024)
    made.filters = {name: made.filters[name] for name in _FILTERS}
    made.filters.update(replace=_replace, join=_join, tojson=_tojson)
    made.tests = {name: made.tests[name] for name in _TESTS}
    made.globals = {}
    return made


_ENVIRONMENT = _environment()
