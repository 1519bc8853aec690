#!/usr/bin/env bash
# Makes the environment, runs every notebook, writes tables and figures to outputs/. The code is lib/commands/run_all.py.
set -euo pipefail
here="$(cd -- "${BASH_SOURCE[0]%"${BASH_SOURCE[0]##*/}"}." && pwd)"  # this file's folder, without the tool dirname
start() {
    local python
    for python in python3 python python3.14 python3.13 python3.12 python3.11 "$here/.conda/bin/python"; do
        if command -v "$python" >/dev/null 2>&1 &&
            "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            exec "$python" -P "$here/lib/commands/run_all.py" "$@"
        fi
    done
}
start "$@"
# No Python, or too old a one: conda brings its own.
for conda in mamba conda micromamba; do
    if command -v "$conda" >/dev/null 2>&1; then
        echo "Environment: making .conda with $conda (6 GB, some minutes, once)"
        (cd -- "$here" && CONDA_ALWAYS_YES=true MAMBA_ALWAYS_YES=true "$conda" env create -f environment.yml -p .conda) ||
            echo "run_all.sh: $conda could not make .conda, see above" >&2
        start "$@"
    fi
done
echo "run_all.sh: no Python 3.11 or newer and no conda on the PATH: install one and start again" >&2
exit 2
