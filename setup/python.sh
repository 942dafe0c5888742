#!/bin/sh
# Makes .venv with exactly the versions of constraints.txt and gradewatch itself, from any Python from 3.11 on.
#
# Debian splits venv and pip off python3. Where they are missing, a Debian package that is only unpacked lends its pip,
# so neither root nor an installation is needed.
set -eu

name=python
project=$(cd "$(dirname "$0")/.." && pwd)
without_debian='Install the modules venv and pip for python3, then run again.'
. "$project/setup/apt.sh"

python=${PYTHON:-python3}
venv=$project/.venv

command -v "$python" >/dev/null ||
    fail "$python is missing: install Python 3.11 or newer (apt-get install python3), or name one: make PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old: gradewatch needs 3.11 or newer; name another one: make PYTHON=..."

pip_version=26.3

run_pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

say "environment in .venv, $("$python" --version)"
if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$python" -m venv "$venv" || fail "no environment could be made in $venv; is the disk full or the folder not yours?"
else
    "$python" -m venv --without-pip "$venv" || fail "no environment could be made in $venv: $without_debian"
    if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        open_suite forky
        fetch python3-pip-whl
        PYTHONPATH=$(echo "$work"/root/usr/share/python-wheels/pip-*.whl) \
            "$venv/bin/python" -m pip install --quiet "pip==$pip_version" ||
            fail 'pip did not come: see its message above; check the network, then run again.'
    fi
fi

say "packages of constraints.txt"
run_pip install --quiet --no-deps --only-binary :all: --requirement "$project/constraints.txt" ||
    fail 'the packages did not come: see the message of pip above; check the network (or PIP_INDEX_URL), then run again.'
run_pip install --quiet --no-deps --no-build-isolation --editable "$project" ||
    fail 'gradewatch could not be put into .venv: see the message of pip above.'
touch "$venv/ready"
say 'ready'
