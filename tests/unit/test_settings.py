"""Settings: every default holds, what is wrong is named, what is right applies."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.settings import (
    PROSE_LANGUAGES,
    ClassifierSettings,
    CompletionSettings,
    ModelSettings,
    Problem,
    Settings,
    check,
    merge,
    parse,
    read_files,
)
from foreword.settings_check import keys_of


@pytest.fixture(autouse=True)
def no_user_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOREWORD_CONFIG", raising=False)
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: tmp_path / "user")


@pytest.mark.parametrize("tree", [None, {}, {"completion": None}, {"completion": {"maxItems": None}}])
def test_nothing_said_gives_the_defaults(tree: Any) -> None:
    settings, problems = parse(tree)
    assert settings == Settings()
    assert not problems
    assert (settings.completion.max_items, settings.inline_completion.max_words) == (5, 6)
    assert settings.diagnostics.classifier("sentiment") == ClassifierSettings()


def test_every_key_applies() -> None:
    tree = {
        "enabled": False,
        "completion": {
            "enabled": False,
            "maxItems": 3,
            "minimumProbability": 0.1,
            "thinkAhead": False,
            "triggerCharacters": [" ", "é"],
        },
        "inlineCompletion": {"enabled": False, "maxWords": 20},
        "diagnostics": {
            "enabled": False,
            "delayMilliseconds": 50,
            "classifiers": {
                "sentiment": {"enabled": False, "labels": ["negative"], "severity": "hint", "minimumProbability": 1}
            },
        },
        "model": {"decoder": "/a/model", "encoder": "other", "precision": "int4+int8"},
        "languages": {"python": {"enabled": True}},
    }
    settings, problems = parse(tree)
    assert not problems
    completion = CompletionSettings(False, 3, 0.1, think_ahead=False, trigger_characters=(" ", "é"))
    assert settings.completion == completion
    assert settings.diagnostics.classifier("sentiment") == ClassifierSettings(False, ("negative",), "hint", 1.0)
    assert settings.model == ModelSettings("/a/model", "other", "int4+int8")
    assert (settings.diagnostics.delay_milliseconds, settings.inline_completion.max_words) == (50, 20)


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        (
            {"completion": {"maxItems": "many"}},
            "completion.maxItems must be a whole number from 1 to 10, not 'many'; the default 5 is used.",
        ),
        (
            {"completion": {"maxItems": True}},
            "completion.maxItems must be a whole number from 1 to 10, not true; the default 5 is used.",
        ),
        (
            {"completion": {"maxItems": 2.5}},
            "completion.maxItems must be a whole number from 1 to 10, not 2.5; the default 5 is used.",
        ),
        (
            {"completion": {"maxItems": 10**5000}},
            "completion.maxItems must be a whole number from 1 to 10, not a number of thousands of digits; "
            "the default 5 is used.",
        ),
        (
            {"completion": {"minimumProbability": float("nan")}},
            "completion.minimumProbability must be a number from 0 to 1, not nan; the default 0.005 is used.",
        ),
        (
            {"completion": {"triggerCharacters": [" ", "ab"]}},
            "completion.triggerCharacters must be a list of strings of one printable character, not [' ', 'ab']; "
            "the default [] is used.",
        ),
        (
            {"completion": {"triggerCharacters": ["\ud800"]}},
            "completion.triggerCharacters must be a list of strings of one printable character, not ['\\ud800']; "
            "the default [] is used.",
        ),
        (
            {"completion": False},
            "completion must be a table of settings, not false; its defaults are used.",
        ),
        (
            {"inlineCompletion": {"enabled": 1}},
            "inlineCompletion.enabled must be true or false, not 1; the default true is used.",
        ),
        (
            {"diagnostics": {"delayMilliseconds": 49}},
            "diagnostics.delayMilliseconds must be a whole number from 50 to 10000, not 49; the default 400 is used.",
        ),
        (
            {"diagnostics": {"classifiers": {"sentiment": {"severity": "loud"}}}},
            "diagnostics.classifiers.sentiment.severity must be 'error', 'warning', 'information' or 'hint', "
            "not 'loud'; the default 'information' is used.",
        ),
        (
            {"diagnostics": {"classifiers": {"sentiment": {"labels": "negative"}}}},
            "diagnostics.classifiers.sentiment.labels must be a list of strings, or null, not 'negative'; "
            "the default null is used.",
        ),
        (
            {"diagnostics": {"classifiers": {"sentiment": {"tags": ["faded"]}}}},
            "diagnostics.classifiers.sentiment.tags must be a list of 'unnecessary' or 'deprecated', not ['faded']; "
            "the default [] is used.",
        ),
        (
            {"model": {"decoder": ""}},
            "model.decoder must be a string, not empty, not ''; the default 'smollm2-135m' is used.",
        ),
        (
            {"model": {"precision": "int2"}},
            "model.precision must be 'auto', 'int4+int8', 'int8', 'int4', 'bfloat16' or 'float32', "
            "not 'int2'; the default 'auto' is used.",
        ),
        (
            {"completion": {"maxItem": 5}},
            "completion.maxItem is not a setting and is ignored; did you mean completion.maxItems?",
        ),
        (
            {"inline_completion": {}},
            "inline_completion is not a setting and is ignored; did you mean inlineCompletion?",
        ),
        (
            {"model": {"zzz": 1}},
            "model.zzz is not a setting and is ignored; known are decoder, encoder, precision.",
        ),
        (
            {"languages": {"markdown": {"completion": {"maxItems": 11}}}},
            "languages.markdown.completion.maxItems must be a whole number from 1 to 10, not 11; it is ignored.",
        ),
        (
            {"languages": {"markdown": {"model": {}}}},
            "languages.markdown.model is not a setting and is ignored; "
            "known are enabled, completion, inlineCompletion, diagnostics, entities, register.",
        ),
        ("text", "The tree of settings must be a table of settings, not 'text'; its defaults are used."),
    ],
)
def test_what_is_wrong_is_named(tree: Any, problem: str) -> None:
    settings, problems = parse(tree)
    assert [found.message for found in problems] == [problem]
    assert problem.startswith(problems[0].path)
    assert dataclasses.replace(settings, languages={}).completion == CompletionSettings()


def test_the_rest_applies() -> None:
    settings, problems = parse({"completion": {"maxItems": 0, "minimumProbability": 0}, "inlineCompletion": 3})
    assert len(problems) == 2
    assert settings.completion == CompletionSettings(minimum_probability=0.0)


def test_a_whole_number_may_come_as_a_float() -> None:
    settings, problems = parse({"completion": {"maxItems": 7.0}})
    assert not problems
    assert repr(settings.completion.max_items) == "7"


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
names = st.sampled_from([*keys_of(Settings), *keys_of(CompletionSettings), *keys_of(ClassifierSettings), "markdown"])
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=()), max_size=5) | names, inner, max_size=4)
    ),
    max_leaves=20,
)
sections = st.fixed_dictionaries({}, optional=dict.fromkeys(keys_of(Settings), trees))


@given(trees | sections)
def test_no_tree_is_too_strange(tree: Any) -> None:
    settings, problems = parse(tree)
    valid, same = check(tree)
    assert problems == same
    assert parse(valid) == (settings, [])  # what is left is right
    assert 1 <= settings.completion.max_items <= 10
    assert 50 <= settings.diagnostics.delay_milliseconds <= 10_000
    for language_id in ["", "markdown", *settings.languages]:
        assert 1 <= settings.for_language(language_id).completion.max_items <= 10
    assert all(isinstance(problem, Problem) and problem.message for problem in problems)


@given(trees)
def test_every_default_survives_what_is_unknown(tree: Any) -> None:
    settings, problems = parse({"unheardOf": tree})
    assert settings == Settings()
    assert len(problems) == 1


def test_prose_is_on_and_code_is_off() -> None:
    settings, _ = parse({"languages": {"python": {"enabled": True}, "html": {"enabled": False}}})
    on = {name: settings.for_language(name).enabled for name in ("", "markdown", "LaTeX", "python", "html", "c")}
    assert on == {"": True, "markdown": True, "LaTeX": True, "python": True, "html": False, "c": False}
    assert all(name == name.casefold() for name in PROSE_LANGUAGES)


def test_off_means_every_feature_is_off() -> None:
    for settings, name in ((Settings(), "python"), (Settings(enabled=False), "markdown")):
        language = settings.for_language(name)
        features = (language.completion, language.inline_completion, language.diagnostics)
        assert not any(feature.enabled for feature in features)


def test_a_language_overrides_single_keys() -> None:
    settings, problems = parse(
        {
            "completion": {"maxItems": 3, "enabled": False},
            "diagnostics": {"classifiers": {"sentiment": {"severity": "hint"}, "spam": {"enabled": False}}},
            "languages": {
                "Markdown": {
                    "completion": {"enabled": True, "minimumProbability": 0.5},
                    "diagnostics": {"classifiers": {"sentiment": {"labels": ["negative"]}}},
                }
            },
        }
    )
    assert not problems
    markdown, latex = settings.for_language("markdown"), settings.for_language("latex")
    assert markdown.completion == CompletionSettings(True, 3, 0.5)
    assert latex.completion == CompletionSettings(False, 3)
    assert markdown.diagnostics.classifier("sentiment") == ClassifierSettings(labels=("negative",), severity="hint")
    assert latex.diagnostics.classifier("sentiment") == ClassifierSettings(severity="hint")
    assert not markdown.diagnostics.classifier("spam").enabled


def test_a_language_is_resolved_once() -> None:
    settings = Settings()
    assert settings.for_language("markdown") is settings.for_language("Markdown")
    for number in range(1000):
        settings.for_language(f"language-{number}")
    assert len(settings._resolved) <= 100


def test_merging_lets_the_later_win_key_by_key() -> None:
    first = {"completion": {"maxItems": 3, "enabled": False}, "model": {"decoder": "a"}}
    second = {"completion": {"maxItems": 4}, "model": None, "enabled": False}
    merged = merge(first, second, None, "nonsense")
    assert merged == {"completion": {"maxItems": 4, "enabled": False}, "model": {"decoder": "a"}, "enabled": False}
    assert first == {"completion": {"maxItems": 3, "enabled": False}, "model": {"decoder": "a"}}
    assert merge() == {}


def test_files_are_merged_in_order(tmp_path: Path) -> None:
    user, project = tmp_path / "config", tmp_path / "project"
    user.mkdir()
    project.mkdir()
    (user / "config.toml").write_text("[completion]\nmaxItems = 3\nminimumProbability = 0.1\n[model]\ndecoder = 'a'\n")
    (project / ".foreword.toml").write_text("[completion]\nmaxItems = 4\n[inlineCompletion]\nmaxWords = 9\n")
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.foreword.inlineCompletion]\nmaxWords = 2\n")
    tree, problems = read_files(user, project)
    assert not problems
    assert tree == {
        "completion": {"maxItems": 4, "minimumProbability": 0.1},
        "model": {"decoder": "a"},
        "inlineCompletion": {"maxWords": 2},
    }


def test_no_files_no_problems(tmp_path: Path) -> None:
    assert read_files() == read_files(tmp_path / "none", tmp_path / "neither") == ({}, [])


def test_a_wrong_value_in_a_file_names_the_file_and_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[completion]\nmaxItems = 3\n")
    (tmp_path / ".foreword.toml").write_text("[completion]\nmaxItems = 2024-01-01\n")
    tree, problems = read_files(tmp_path, tmp_path)
    assert tree["completion"] == {"maxItems": 3}
    assert len(problems) == 1
    assert problems[0].path == "completion.maxItems"
    assert f"in {tmp_path / '.foreword.toml'} must be a whole number" in problems[0].message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"[completion]\nmaxItems = \n", 2),
        (b"enabled = true\n\n[completion\n", 3),
        (b"a = 1\nb = '\xff'\n", 2),
        (b"a = '''\n\n", 3),
        (b"a = " + b"[" * 5000, 1),
        (b"a = " + b"9" * 5000, 1),
    ],
)
def test_a_file_that_is_not_toml_is_skipped(tmp_path: Path, content: bytes, line: int) -> None:
    (tmp_path / ".foreword.toml").write_bytes(content)
    (tmp_path / "pyproject.toml").write_text("[tool.foreword.completion]\nmaxItems = 2\n")
    tree, (problem,) = read_files(workspace_root=tmp_path)
    assert tree == {"completion": {"maxItems": 2}}
    assert problem.path == str(tmp_path / ".foreword.toml")
    assert problem.message.startswith(f"{problem.path}, line {line}: ")


def test_a_folder_in_the_place_of_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".foreword.toml").mkdir()
    tree, (problem,) = read_files(workspace_root=tmp_path)
    assert not tree
    assert problem.path == str(tmp_path / ".foreword.toml")


def test_the_environment_names_the_users_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text("enabled = false\n")
    (tmp_path / "mine.toml").write_text("\ufeff[completion]\r\nmaxItems = 1\r\n", encoding="utf-8")
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "mine.toml"))
    assert read_files(tmp_path) == ({"completion": {"maxItems": 1}}, [])
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "missing.toml"))
    tree, (problem,) = read_files(tmp_path)
    assert not tree
    assert "FOREWORD_CONFIG" in problem.message


@pytest.mark.parametrize("content", ["tool = 1", "[tool]\nforeword = 1", "[tool.other]\na = 1"])
def test_a_pyproject_without_our_table(tmp_path: Path, content: str) -> None:
    (tmp_path / "pyproject.toml").write_text(content)
    tree, problems = read_files(workspace_root=tmp_path)
    assert not tree
    assert len(problems) == ("foreword" in content)
