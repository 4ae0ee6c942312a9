"""The JSON Schemas that editors use are those of the models."""

from __future__ import annotations

import json

import pytest

from turnspec.dsl import AgentScript, IntentCatalogue, Model, Project, Scenario
from turnspec.dsl.schema import Schema, agent_schema, intents_schema, project_schema, scenario_schema

MODELS = [
    (Scenario, scenario_schema()),
    (AgentScript, agent_schema()),
    (Project, project_schema()),
    (IntentCatalogue, intents_schema()),
]


@pytest.mark.parametrize(("model", "schema"), MODELS)
def test_top_level_keys_are_those_of_the_model(model: type[Model], schema: Schema) -> None:
    """What the reader knows, the editor knows, and nothing else."""
    assert set(schema["properties"]) == model.keys()
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("schema", [schema for _, schema in MODELS])
def test_no_inner_key_is_shown(schema: Schema) -> None:
    """Keys that cannot be written do not appear, and every reference leads somewhere."""
    text = json.dumps(schema)

    assert '"<' not in text
    for part in text.split('"$ref": "#/$defs/')[1:]:
        assert part.partition('"')[0] in schema["$defs"]


def test_short_forms_are_allowed() -> None:
    """A text alone may stand for what the caller says, and for one intent."""
    definitions = scenario_schema()["$defs"]

    assert {"type": "string"} in definitions["Turn"]["properties"]["caller"]["anyOf"]
    assert {"type": "string"} in definitions["Expect"]["properties"]["intent"]["anyOf"]
    assert {"const": True} in definitions["Expect"]["properties"]["refused"]["anyOf"]
    assert {"type": ["string", "object"]} in definitions["Expect"]["properties"]["activity"]["anyOf"]
    assert {"$ref": "#/$defs/ScenarioFault"} in scenario_schema()["properties"]["faults"]["anyOf"]
