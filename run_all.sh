#!/usr/bin/env bash
# Makes the environment, runs every notebook, leaves tables and figures under outputs/. All of it is in lib/cli.py.
set -euo pipefail
for python in python3 python python3.14 python3.13 python3.12 python3.11; do
    if command -v "$python" >/dev/null 2>&1 &&
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        exec "$python" -P "$(dirname -- "${BASH_SOURCE[0]}")/lib/cli.py" "$@"
    fi
done
echo "run_all.sh: no Python 3.11 or newer on the PATH: install one and start again" >&2
exit 2
