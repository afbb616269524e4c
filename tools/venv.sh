#!/bin/sh
# Makes the virtual environment $1 with kfctl (editable) and its development tools.
# Debian ships Python without ensurepip; then its package is installed where we are root, else virtualenv helps.
set -eu
venv=$1
python=${PYTHON:-python3}

fail() { echo "setup: $*" >&2; exit 1; }
say() { echo "setup: $*" >&2; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "$python is missing or older than 3.11; give another one: make setup PYTHON=/path/to/python3.11"

if [ ! -x "$venv/bin/pip" ]; then
    rm -rf "$venv"
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "installing Debian's python3-venv"
            (apt-get update && apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 python3-venv) >/dev/null ||
                fail "could not install python3-venv"
        fi
    fi
    "$python" -m venv "$venv" 2>/dev/null ||
        { rm -rf "$venv"; "$python" -m virtualenv -q "$venv" 2>/dev/null; } ||
        fail "$python can't make virtual environments; install python3-venv (as root: apt-get install python3-venv)"
fi

say "installing kfctl and its development tools into $venv"
pip() { "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps "$@"; }
pip --require-hashes --requirement requirements-dev.lock  # written by `make lock`; a file with another hash is refused
pip --no-build-isolation --editable .
touch "$venv/.ready"
