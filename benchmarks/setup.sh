#!/usr/bin/env bash
# Seconds from a clean clone to the first suggestion: virtual environment, install, model pack, words. Nothing cached.
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_NO_CACHE_DIR=1 FOREWORD_CACHE="$work/cache"
git clone -q "$source" "$work/foreword"
cd "$work/foreword"
SECONDS=0
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q -c constraints.txt -e .
echo "installed after $SECONDS s"
"$work/venv/bin/foreword" complete "I will be there in a "
echo "first suggestion after $SECONDS s"
