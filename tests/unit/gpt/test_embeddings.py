"""Embeddings that stay in their file: the same rows, and one clear error when the file is damaged."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from foreword_models.errors import CorruptModelError
from foreword_models.gpt.embeddings import FileEmbedding, TensorEmbedding

WEIGHT = torch.randn(50, 12, generator=torch.Generator().manual_seed(0)).bfloat16()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("embeddings") / "embeddings.safetensors"
    save_file({"before": torch.arange(7), "embed.weight": WEIGHT, "positions.weight": WEIGHT * 2}, path)
    return path


@given(ids=st.lists(st.integers(0, 49), min_size=1, max_size=20))
def test_rows_are_those_of_the_matrix(file: Path, ids: list[int]) -> None:
    wanted = np.array(ids, np.int64)
    got = FileEmbedding(file, "embed.weight").rows(wanted)
    assert torch.equal(got, WEIGHT[ids])
    assert torch.equal(got, TensorEmbedding(WEIGHT).rows(wanted))


def test_a_file_without_the_matrix_is_refused(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    contents = {"cut": whole[:-8], "header": whole[:40], "empty": b"", "noise": os.urandom(64), "type": None}
    for name, content in contents.items():
        path = tmp_path / name
        if content is None:
            save_file({"embed.weight": WEIGHT.float()}, path)
        else:
            path.write_bytes(content)
        with pytest.raises(CorruptModelError, match="fetch it again"):
            FileEmbedding(path, "positions.weight" if name == "cut" else "embed.weight")
    with pytest.raises(CorruptModelError):
        FileEmbedding(file, "no.such.matrix")
    with pytest.raises(CorruptModelError):
        FileEmbedding(tmp_path / "absent", "embed.weight")


def test_a_file_that_shrinks_while_it_is_open_is_an_error_of_that_step(tmp_path: Path) -> None:
    path = tmp_path / "embeddings.safetensors"
    save_file({"embed.weight": WEIGHT}, path)
    embedding = FileEmbedding(path, "embed.weight")
    os.truncate(path, path.stat().st_size - 24)
    with pytest.raises(CorruptModelError, match="cannot be read any more"):
        embedding.rows(np.array([49]))
    assert torch.equal(embedding.rows(np.array([3])), WEIGHT[3:4])
