"""How long a writer waits at each key, beside llama.cpp and transformers: ``foreword bench typing`` with every peer on.

Run on a quiet machine, with the GGUF file that the default model pack is made from, and an interpreter that has
llama-cpp-python (this one, or another that --llama-python names); options are those of ``foreword bench typing``:

    python benchmarks/typing_latency.py --gguf SmolLM2-135M-Instruct.Q4_1.gguf --llama-python llama/bin/python
"""

from __future__ import annotations

import sys

from foreword.cli.app import run


def main() -> int:
    """Run the command; returns its exit code."""
    sys.argv[1:1] = ["bench", "typing", "--transformers", "--starts", "5"]
    return run()


if __name__ == "__main__":
    sys.exit(main())
