"""The part of Jinja that templates may use. Imported only when a template is more than a name."""

from __future__ import annotations

import json
import math
import operator
import re
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
_WORDS: Mapping[type[nodes.Node], tuple[str, str]] = {
    nodes.For: ("loops", r"for\b"),
    nodes.Macro: ("macros", r"macro\b"),
    nodes.Call: ("calls", r"\w+\s*\("),
    nodes.CallBlock: ("calls", r"call\b"),
    nodes.Assign: ("assignments", r"set\b"),
    nodes.AssignBlock: ("assignments", r"set\b"),
    nodes.Include: ("includes", r"include\b"),
    nodes.Import: ("imports", r"import\b"),
    nodes.FromImport: ("imports", r"from\b"),
    nodes.Pow: ("powers", r"\*\*"),
}
"""What is refused, in the words of the message, and what to point at."""
_MAX_LEVELS = 30
_MAX_PARTS = 1_000
_MAX_STEPS = 50
"""Parts of a template, and how many of them filter, test or join: each may go through a long text once."""
_MAX_BITS = 2_048
_MAX_DIGITS = 15
_MAX_GROWTH = 64 * 1024


def checked(template: str) -> frozenset[str]:
    """The names a template needs, once it is known to keep the rules."""
    hint = "a value is written {{ name }}, a choice {% if name %}...{% endif %}"
    try:
        tree = _ENVIRONMENT.parse(template)
    except TemplateSyntaxError as error:
        raise TemplateError("bad-template", f"this template is broken: {error.message}", hint=hint) from None
    except RecursionError:
        raise _too_much("its parts lie too deep in one another") from None
    _refuse_any(tree, template)
    needed = frozenset(_needed(tree))
    if not needed:
        # Nothing can change what becomes of it: whatever is wrong is wrong now.
        render(template, {}, _MAX_GROWTH)
    return needed


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
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise TemplateError("bad-template", f"this template cannot be worked out: {error}") from error
    return "".join(written)


def _refuse_any(tree: nodes.Node, template: str) -> None:
    """Refuse what templates may not do, in every part of one, and too many parts."""
    parts = steps = 0
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, level = waiting.pop()
        _refuse(node, template)
        parts += 1
        steps += _steps(node)
        if level > _MAX_LEVELS:
            raise _too_much("its parts lie too deep in one another")
        if parts > _MAX_PARTS or steps > _MAX_STEPS:
            raise _too_much("it has too many parts")
        waiting.extend((child, level + 1) for child in node.iter_child_nodes())


def _too_much(what: str) -> TemplateError:
    return TemplateError("bad-template", f"this template does too much: {what}", hint="write it more simply")


def _steps(node: nodes.Node) -> int:
    if isinstance(node, nodes.Concat):
        return len(node.nodes)
    return isinstance(node, nodes.Filter | nodes.Test | nodes.Compare | nodes.BinExpr)


def _needed(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Name() | nodes.Getattr():
            yield _dotted(node)
        case nodes.Filter(name="default" | "d", node=nodes.Node() as value) if _is_name(value):
            # What is missing here has its stand-in.
            _dotted(value)
            for argument in (*node.args, *node.kwargs):
                yield from _needed(argument)
        case nodes.Test(name="defined" | "undefined", node=nodes.Node() as value) if _is_name(value):
            _dotted(value)
        case _:
            for child in node.iter_child_nodes():
                yield from _needed(child)


def _refuse(node: nodes.Node, template: str) -> None:
    if not isinstance(node, _ALLOWED):
        name = type(node).__name__.lower()
        what, pattern = _WORDS.get(type(node), (f"{name} expressions", re.escape(name)))
        found = re.search(rf"(?s)\{{[{{%].*?({pattern})", template)
        hint = "templates have values, filters and if"
        raise TemplateError("bad-template", f"templates cannot have {what}", found[1] if found else "", hint)
    if isinstance(node, nodes.Filter) and (node.dyn_args or node.dyn_kwargs):
        raise TemplateError(
            "bad-template", f"what the filter '{node.name}' is given has to be written out", "*"
        )
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        _unknown("filter", node.name, _FILTERS)
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        _unknown("test", node.name, _TESTS)
    if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
        raise TemplateError("bad-template", "only a number or a quoted word can stand in brackets", "[")


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

    intercepted_binops = frozenset({"*", "%", "+", "-", "/", "//", "**"})

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
        texts = operation == "+" and isinstance(left, str) and isinstance(right, str)
        if not (texts or (_is_number(left) and _is_number(right))) or operation not in _OPERATIONS:
            raise SecurityError(f"{operation} is for numbers")
        made = _OPERATIONS[operation](left, right)
        if isinstance(made, int) and made.bit_length() > _MAX_BITS:
            raise SecurityError("a number becomes too large")
        if texts and len(made) > _MAX_GROWTH:
            raise SecurityError("a text becomes too long")
        return made


_OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "*": operator.mul,
    "%": operator.mod,
    "+": operator.add,
    "-": operator.sub,
    "/": operator.truediv,
    "//": operator.floordiv,
}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not (isinstance(value, int) and value.bit_length() > _MAX_BITS)


def _replace(text: Any, old: Any, new: Any) -> str:
    source, grown = str(text), str(new)
    if source.count(str(old)) * len(grown) > _MAX_GROWTH:
        raise SecurityError("replace makes the text too long")
    return source.replace(str(old), grown)


def _join(items: Any, between: Any = "") -> str:
    if not isinstance(items, list | tuple) or len(items) * len(str(between)) > _MAX_GROWTH:
        raise SecurityError("join is for short lists")
    return str(between).join(str(item) for item in items)


def _round(value: Any, precision: Any = 0, method: Any = "common") -> Any:
    if not isinstance(precision, int) or abs(precision) > _MAX_DIGITS or method not in _ROUNDING:
        raise SecurityError(f"round takes up to {_MAX_DIGITS} digits, and common, ceil or floor")
    if method == "common":
        return round(value, precision)
    shift = 10.0**precision
    return _ROUNDING[method](value * shift) / shift


_ROUNDING: Mapping[str, Callable[[float], float]] = {"common": round, "ceil": math.ceil, "floor": math.floor}


def _truncate(
    text: Any,
    length: Any = 255,
    killwords: Any = False,  # noqa: FBT002 # Jinja's signature
    end: Any = "...",
) -> str:
    source, ending = str(text), str(end)
    if not isinstance(length, int) or length < len(ending):
        raise SecurityError(f"truncate needs a length of at least {len(ending)}, for '{ending[:20]}'")
    if len(source) <= length:
        return source
    kept = source[: length - len(ending)]
    return (kept if killwords else kept.rsplit(" ", 1)[0]) + ending


def _tojson(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _environment() -> _Sandbox:
    made = _Sandbox(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, cache_size=1024)
    made.filters = {name: made.filters[name] for name in _FILTERS}
    made.filters.update(replace=_replace, join=_join, tojson=_tojson, round=_round, truncate=_truncate)
    made.tests = {name: made.tests[name] for name in _TESTS}
    made.globals = {}
    return made


_ENVIRONMENT = _environment()
