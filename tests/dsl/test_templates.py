"""Templates fill in values, and can do nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from turnspec.dsl.templates import MAX_OUTPUT, TemplateError, is_template, names, render, render_value

VARIABLES = {
    "last4": "4821",
    "count": 3,
    "flags": {"on": True},
    "call": {"from": "+15551234567"},
    "letters": ["a", "b"],
    "nothing": None,
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("{{ last4 }}", "4821"),
        ("{{count}}", 3),
        (" {{ count }} ", 3),
        ("{{ flags }}", {"on": True}),
        ("{{ flags.on }}", True),
        ("{{ nothing }}", None),
        ("{{ count }} cards", "3 cards"),
        ("{{ call.from }}!", "+15551234567!"),
        ("{{ last4 | replace('4', 'x') }}", "x821"),
        ("{{ missing | default('none') }}", "none"),
        ("{% if count > 2 %}many{% else %}few{% endif %}", "many"),
        ("{{ 'a' if flags.on else 'b' }}", "a"),
        ("{{ letters[1] }}{{ last4[0] }}", "b4"),
        ("{{ letters | join('-') }}", "a-b"),
        ("{{ count * 2 + 1 }}", "7"),
        ("line\n{{ count }}\n", "line\n3\n"),
        ("{{ 2.567 | round(1) }} {{ 2.1 | round(0, 'ceil') }} {{ count | round }}", "2.6 3.0 3"),
        ("{{ 'one two three' | truncate(9) }}", "one..."),
        ("{{ 'one two three' | truncate(9, true, '') }}", "one two t"),
        ("{{ 'short' | truncate(9) }}", "short"),
        ("{{ last4 + '-' + last4 }} {{ 7 // 2 }} {{ 7 / 2 }} {{ 7 - 2 }}", "4821-4821 3 3.5 5"),
    ],
)
def test_values_are_filled_in(template: str, value: object) -> None:
    """A template that is exactly one name keeps its value's type; all others become text."""
    rendered = render(template, VARIABLES)

    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("template", "needed"),
    [
        ("plain", set()),
        ("{{ a }} {{ env.NAME }} {{ results.f.x }}", {"a", "env.NAME", "results.f.x"}),
        ("{{ a | upper }}{{ b.c }}", {"a", "b.c"}),
        ("{{ a | default(b) }}", {"b"}),
        ("{{ 'x' if a is defined else b }}", {"b"}),
        ("{% if a %}{{ b }}{% endif %}", {"a", "b"}),
        ("{# a #}text", set()),
    ],
)
def test_needed_names(template: str, needed: set[str]) -> None:
    """The names are those that must have a value; what has a stand-in need not."""
    assert names(template) == needed


@pytest.mark.parametrize(
    "template",
    [
        "{% for x in letters %}{{ x }}{% endfor %}",
        "{% macro f() %}{% endmacro %}",
        "{% set x = 1 %}",
        "{% include 'file' %}",
        "{% import 'file' as f %}",
        "{{ last4.upper() }}",
        "{{ range(9) }}",
        "{{ ''.__class__ }}",
        "{{ letters | attr('append') }}",
        "{{ letters | map('upper') }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ 2 ** 100000 }}",
        "{{ letters[count] }}",
        "{{ last4",
        "{{ }}",
        "{{ last4 | uper }}",
        "{{ last4 is divisibleby(2) }}",
        "{{ (9 ** 9 ** 9) is defined }}",
        "{{ missing | default('', boolean=9 ** 9 ** 9) }}",
        "{{ missing | default(last4.upper()) }}",
        "{{ last4.__class__ | default('') }}",
        "{{ last4.__class__ is defined }}",
        "{{ last4 | default(*letters) }}",
        "{{ last4 | default(**flags) }}",
        "{% filter upper %}{{ last4 }}{% endfilter %}",
        "{% raw %}{{ last4 }}{% endraw %}{% block x %}{% endblock %}",
    ],
)
def test_nothing_else_can_be_done(template: str) -> None:
    """Loops, macros, calls, assignments and attribute tricks are refused before any call."""
    with pytest.raises(TemplateError) as caught:
        names(template)

    assert caught.value.kind == "bad-template"


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 1000000 | int }}",
        "{{ '%999999999d' % 1 }}",
        "{{ last4 | replace('', big) | upper }}",
        "{{ big | upper }}{{ big }}",
        "{{ big }}{{ big }}",
        "{{ count / 0 }}",
        "{{ last4 - 1 }}",
        "{{ count | round(1000000000, 'ceil') }}",
        "{{ count | round(-1000000000) }}",
        "{{ count | round(1, 'up') }}",
        "{{ 'abcdefgh' | truncate(1) }}",
        "{{ big + big }}",
        "{{ huge * huge }}",
        "{{ (1e300 * 1e300) | int }}",
        "{{ letters | join(big) | upper }}",
    ],
)
def test_what_grows_or_breaks_is_stopped(template: str) -> None:
    """Output is bounded, and an impossible sum is an error with words."""
    with pytest.raises(TemplateError) as caught:
        render(template, {**VARIABLES, "big": "x" * MAX_OUTPUT, "huge": 10**600})

    assert caught.value.kind == "bad-template"


@pytest.mark.parametrize(
    "template", ["{{ absent }}", "a {{ flags.off }}", "{{ absent | upper }}", "{{ flags.keys }}"]
)
def test_an_unbound_name_is_an_error(template: str) -> None:
    """Nothing is ever filled in as empty, and values have no methods."""
    with pytest.raises(TemplateError) as caught:
        render(template, VARIABLES)

    assert caught.value.kind == "undefined-name"


@pytest.mark.parametrize(
    "template",
    [
        "{{ " + "(" * 3000 + "last4" + ")" * 3000 + " }}",
        "{{ " + "not " * 2000 + "last4 }}",
        "{{ " + "-" * 3000 + "count }}",
        "{{ last4" + ".x" * 3000 + " | upper }}",
        "{{ last4 " + "| title " * 900 + "}}",
        "{{ last4" + " ~ last4" * 900 + " }}",
        "{% if count %}" * 150 + "{% endif %}" * 150,
    ],
    ids=lambda template: template[:12],
)
def test_a_template_does_little(template: str) -> None:
    """Parts in parts without end, and texts made longer again and again, are refused before any call."""
    with pytest.raises(TemplateError, match="does too much"):
        names(template)


def test_what_needs_no_values_is_worked_out_at_once() -> None:
    """A template that can only go wrong is refused where it is written."""
    with pytest.raises(TemplateError, match="round takes up to 15 digits"):
        names("{{ 1.5 | round(1000000000, 'ceil') }}")


def test_values_inside_values_are_filled_in() -> None:
    """Texts at any depth are templates; keys and numbers stay."""
    written: JsonValue = {"last4": "{{ last4 }}", "more": [{"n": "{{ count }}"}, 7, None]}

    assert render_value(written, VARIABLES) == {"last4": "4821", "more": [{"n": 3}, 7, None]}


def test_plain_names_do_not_load_jinja() -> None:
    """A scenario with names alone does not pay for the template engine."""
    code = (
        "import sys; from turnspec.dsl.templates import render; "
        "print(render('ref {{ a }} and {{ b.c }}', {'a': 1, 'b': {'c': 2}}), 'jinja2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "ref 1 and 2 False"


@given(st.text(max_size=40), st.sampled_from(["{{", "}}", "{%", "%}", "{{ a }}", "{#", ""]))
def test_any_text_is_filled_in_or_refused(text: str, mark: str) -> None:
    """No text makes a template fail in another way."""
    template = f"{text}{mark}{text}"
    try:
        rendered = render(template, {"a": "value"})
    except TemplateError:
        return

    assert is_template(template) or rendered == template
