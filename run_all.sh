#!/usr/bin/env bash
# Make the environment once, in .venv or $VENV, and start lib/commands/run_all.py in it.
set -euo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
venv="${VENV:-$here/.venv}"
unfinished="$venv/unfinished" # there while packages are installed: a stopped installation may hold half a package
export PYTHONPATH="$here" PYTHONNOUSERSITE=1 PIP_USER=0
export HOME="${HOME:-/}" USER="${USER:-user}" # a container may have neither, and Jupyter and PyTorch ask for them

# Set `python`, and `stamp`: the file that says that the environment has these packages for this Python.
find_python() {
    for python in "$venv/bin/python" python3 python python3.14 python3.13 python3.12 python3.11; do
        if [[ $python == "$venv/bin/python" && -e $unfinished ]]; then continue; fi
        if key="$("$python" - "$here/requirements.txt" 2>/dev/null <<<'import hashlib, sys
assert sys.version_info >= (3, 11)
print(hashlib.sha256(open(sys.argv[1], "rb").read() + sys.version.encode()).hexdigest()[:16])')"; then
            stamp="$venv/$key.done"
            return
        fi
    done
    echo "run_all.sh: no Python 3.11 or newer on the PATH: install one and start again" >&2
    exit 2
}

ready() { [[ $python == "$venv/bin/python" && -e $stamp ]]; }

find_python
if ! ready; then
    trap 'echo "run_all.sh: $venv cannot be made: choose another folder, VENV=FOLDER ./run_all.sh" >&2' ERR
    mkdir -p -- "$(dirname -- "$venv")"
    touch -- "$venv.lock"
    exec 9>"$venv.lock"
    flock 9 || true # another call may be installing; not every system and every disk has locks
    find_python
fi
if ! ready; then
    trap 'echo "run_all.sh: the environment could not be made, see above; mend that and start again" >&2' ERR
    echo "Environment: installing the packages into $venv (6 GB, some minutes, once)" >&2
    if [[ $python != "$venv/bin/python" ]]; then
        if [[ -e $unfinished || -e $venv/pyvenv.cfg ]]; then # stopped halfway, or its Python is gone
            touch -- "$unfinished"
            find "$venv" -mindepth 1 ! -name unfinished -delete
        fi
        mkdir -p -- "$venv" && touch -- "$unfinished"
        "$python" -m venv "$venv" >&2
    fi
    touch -- "$unfinished" && rm -f -- "$venv"/*.done
    "$venv/bin/python" -m pip install --no-input -r "$here/requirements.txt" >&2
    mv -- "$unfinished" "$stamp"
fi
exec 9>&-
# Notebooks that are opened without this script find lib/ by a .pth file, also when the checkout was moved.
for packages in "$venv"/lib/python3*/site-packages; do
    if [[ $(cat -- "$packages/checkout.pth" 2>/dev/null) != "$here" && -w $packages ]]; then
        echo "$here" >"$packages/checkout.pth"
    fi
done
exec "$venv/bin/python" -P -m lib.commands.run_all "$@"
