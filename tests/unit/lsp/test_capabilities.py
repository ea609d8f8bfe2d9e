"""What the server says it can do, and which settings a client's ``initialize`` puts in force."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from lsprotocol.converters import get_converter

from foreword.lsp.capabilities import (
    initial_settings,
    initialize_result,
    position_encoding,
    section,
    workspace_root,
)


@pytest.fixture(autouse=True)
def no_user_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "config.toml"))


def test_the_answer_is_what_lsprotocol_takes_for_one() -> None:
    result = json.loads(json.dumps(initialize_result({})))
    structured = get_converter().structure(result, types.InitializeResult)
    assert structured.capabilities.position_encoding == "utf-16"
    assert structured.capabilities.inline_completion_provider is not None
    assert get_converter().unstructure(structured) == result


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        ([], "utf-16"),
        (["utf-8", "utf-16", "utf-32"], "utf-8"),
        (["utf-32", "utf-8", "utf-16"], "utf-32"),
        (["utf-16", "utf-8"], "utf-16"),
        (["utf-7", "utf-32"], "utf-32"),
        (["utf-7"], "utf-16"),
        ([8, None, ["utf-8"]], "utf-16"),
        ("utf-8", "utf-16"),
        (None, "utf-16"),
        (7, "utf-16"),
    ],
)
def test_the_first_known_encoding_of_the_clients_list_is_taken(offered: Any, agreed: str) -> None:
    assert position_encoding({"capabilities": {"general": {"positionEncodings": offered}}}) == agreed


@pytest.mark.parametrize("params", [{}, {"capabilities": None}, {"capabilities": []}, {"capabilities": {"general": 1}}])
def test_utf_16_where_the_client_says_nothing(params: Any) -> None:
    assert position_encoding(params) == "utf-16"


def test_each_layer_comes_before_the_one_below(tmp_path: Path) -> None:
    (tmp_path / ".foreword.toml").write_text("[completion]\nmaxItems = 2\n[diagnostics]\ndelayMilliseconds = 70\n")
    options = {"foreword": {"completion": {"maxItems": 3, "minimumProbability": 0.5}}}
    params = {"rootUri": tmp_path.as_uri(), "initializationOptions": options}
    settings, problems = initial_settings(params)
    assert (settings.completion.max_items, settings.completion.minimum_probability) == (3, 0.5)
    assert settings.diagnostics.delay_milliseconds == 70
    settings, _ = initial_settings(params, {"completion": {"maxItems": 4}})
    assert (settings.completion.max_items, settings.completion.minimum_probability) == (4, 0.5)
    assert problems == []


@pytest.mark.parametrize(
    ("options", "wrong"),
    # Lua has one word for an empty list and an empty table.
    [(None, 0), ({}, 0), ([], 0), ({"foreword": None}, 0), ([1], 1), ("text", 1), (7, 1), ({"foreword": [1]}, 1)],
)
def test_no_options_or_wrong_ones_leave_the_defaults(options: Any, wrong: int) -> None:
    settings, problems = initial_settings({"initializationOptions": options})
    assert settings.completion.max_items == 5
    assert len(problems) == wrong


def test_a_section_may_be_wrapped() -> None:
    assert section({"foreword": {"enabled": False}}) == {"enabled": False}
    assert section({"enabled": False}) == {"enabled": False}
    assert section({"foreword": 1, "other": 2}) == {"foreword": 1, "other": 2}
    assert section(None) is None


def test_the_root_is_the_first_folder_on_this_machine(tmp_path: Path) -> None:
    here = (tmp_path / "a b").as_uri()
    assert workspace_root({"workspaceFolders": [{"uri": "ssh://host/x"}, {"uri": here}]}) == tmp_path / "a b"
    assert workspace_root({"workspaceFolders": None, "rootUri": here}) == tmp_path / "a b"
    assert workspace_root({"rootPath": str(tmp_path)}) == tmp_path
    assert workspace_root({"workspaceFolders": [3, {}, {"uri": 4}], "rootUri": "untitled:x"}) is None
    assert workspace_root({"rootUri": "http://["}) is None
    assert workspace_root({}) is None


def test_neither_pygls_nor_torch_is_imported_for_it() -> None:
    program = (
        "import sys, foreword.lsp.greeting, foreword.cli.serve\n"
        "from foreword.lsp.capabilities import initialize_result\n"
        "initialize_result({})\n"
        "print([m for m in ('pygls', 'lsprotocol', 'torch', 'transformers', 'tokenizers') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"
