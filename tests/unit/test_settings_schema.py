"""The schema and the table say the same as the check of the settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from foreword.cli.settings import app
from foreword.settings import (
    ClassifierSettings,
    CompletionSettings,
    DiagnosticsSettings,
    InlineCompletionSettings,
    ModelSettings,
    Settings,
    check,
)
from foreword.settings_check import keys_of
from foreword.settings_schema import markdown_table, schema, vscode_properties

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def accepts(tree: Any) -> bool:
    return bool(jsonschema.Draft7Validator(schema()).is_valid(tree))


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(schema())
    for value in vscode_properties().values():
        jsonschema.Draft7Validator.check_schema(value)


def test_every_key_is_described_and_its_default_allowed() -> None:
    def walk(node: dict[str, Any]) -> None:
        assert node["description"].endswith(".")
        if "default" in node:
            jsonschema.validate(node["default"], node)
        for inner in [*node.get("properties", {}).values(), node.get("additionalProperties")]:
            if isinstance(inner, dict):
                walk(inner)

    walk(schema())


values = (
    st.booleans()
    | st.integers(-2, 12)
    | st.sampled_from([0.5, 1.5, 50, 400.0, 10_000, 10_001])
    | st.sampled_from(["", "a", "ab", "hint", "loud", "auto", "qwertz", "mail", "int4"])
    | st.lists(st.sampled_from(["", "a", "ab", "deprecated"]), max_size=2)
)


def table(*kinds: type, **inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = {key for kind in kinds for key in keys_of(kind)} | {"unknown"}
    return st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(keys), values) | inner) | values


diagnostics = table(
    DiagnosticsSettings, classifiers=st.dictionaries(st.sampled_from(["x", "y"]), table(ClassifierSettings))
)
parts = {
    "completion": table(CompletionSettings),
    "inlineCompletion": table(InlineCompletionSettings),
    "diagnostics": diagnostics,
}
languages = st.dictionaries(st.sampled_from(["python", "html"]), st.fixed_dictionaries({}, optional=parts), max_size=2)
trees = st.fixed_dictionaries(
    {}, optional={**parts, "model": table(ModelSettings), "languages": languages, "zz": values}
)


def has_empty_list(tree: Any) -> bool:
    """Whether an empty list stands where a table belongs, or may: the check lets it pass, for the sake of Lua."""
    return tree == [] or (isinstance(tree, dict) and any(map(has_empty_list, tree.values())))


@given(trees)
def test_the_schema_agrees_with_the_check(tree: Any) -> None:
    if not has_empty_list(tree):
        assert accepts(tree) == (not check(tree)[1])


@pytest.mark.parametrize(
    ("tree", "right"),
    [
        ({}, True),
        ({"diagnostics": {"classifiers": {"sentiment": {"enabled": None, "labels": ["negative"]}}}}, True),
        ({"languages": {"python": {"enabled": True, "completion": {"maxItems": 3}}}}, True),
        ({"languages": {"python": {"model": {}}}}, False),
        ({"completion": {"maxItems": 11}}, False),
        ({"completion": {"triggerCharacters": ["ab"]}}, False),
    ],
)
def test_the_schema_by_example(tree: Any, right: bool) -> None:
    assert accepts(tree) == right


def test_a_language_has_no_defaults_of_its_own() -> None:
    language = schema()["properties"]["languages"]["additionalProperties"]
    assert "default" not in json.dumps(language)
    assert schema()["properties"]["diagnostics"]["properties"]["delayMilliseconds"]["default"] == 400


def test_what_vscode_takes_has_every_key_with_a_default() -> None:
    properties = vscode_properties()
    assert properties["foreword.completion.maxItems"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 10,
        "description": "The most words in the list.",
        "default": 5,
        "scope": "resource",
    }
    assert properties["foreword.model.decoder"]["scope"] == "window"
    assert properties["foreword.diagnostics.classifiers"]["default"] == {}
    assert all("default" in value for value in properties.values())
    assert "foreword.completion" not in properties
    assert set(keys_of(Settings)) == {key.split(".")[1] for key in properties}


def test_the_documentation_has_the_table() -> None:
    """Renew it with ``foreword settings table``."""
    assert markdown_table() in DOCS.read_text(encoding="utf-8")


def test_the_commands_print_json_and_the_table() -> None:
    assert json.loads(CliRunner().invoke(app, ["schema"]).output) == schema()
    assert json.loads(CliRunner().invoke(app, ["schema", "--vscode"]).output) == vscode_properties()
    assert CliRunner().invoke(app, ["table"]).output == markdown_table()
