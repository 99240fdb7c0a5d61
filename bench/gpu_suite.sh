#!/bin/sh
# The GPU's figures in one call of at most ten minutes: the GPU tests, then bench/gpu.py with the given options.
#
#   bench/gpu_suite.sh [--models 1.3b 6.7b] [--quick] ...
#
# It needs no installation and no network, but a Python with torch and transformers: PYTHON, else python3. SITE may name a
# folder with packages that this Python lacks, such as bitsandbytes. Results go to OUT, else to bench/results.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
out=${OUT:-$PWD/bench/results}
export PYTHONUNBUFFERED=1
mkdir -p "$out"

# The three folders under the name that they install as; and for a Python without tomli, its own tomllib.
path=$(mktemp -d)
trap 'rm -rf "$path"' EXIT
mkdir "$path/seekline"
for folder in fim model server; do ln -s "$PWD/$folder" "$path/seekline/$folder"; done
export PYTHONPATH="$path${SITE:+:$SITE}${PYTHONPATH:+:$PYTHONPATH}"
"$python" -c 'import tomli' 2> /dev/null || echo 'from tomllib import *' > "$path/tomli.py"

# A bare machine has fewer plugins than the settings in pyproject.toml speak of.
failed=0
timeout 170 "$python" -m pytest -q -m gpu -p no:cacheprovider -W ignore::pytest.PytestConfigWarning \
  tests/model/backends/test_gpu.py || failed=$?
timeout 410 "$python" bench/gpu.py --out "$out" "$@" || failed=$?
exit "$failed"
