#!/bin/sh
# venv.sh FOLDER LOCK: makes the virtual environment FOLDER, if there is none that works, and installs LOCK into it.
# Every package is checked against the hashes of the lock.  Chooses the first Python >= 3.11 that can make one.
set -eu
folder=$1 lock=$2

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_one() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

choose_python() {
    without_ensurepip=
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        is_new_enough "$python" || continue
        if can_make_one "$python"; then echo "$python"; return; fi
        without_ensurepip=$python
    done
    if [ -n "$without_ensurepip" ]; then
        minor=$("$without_ensurepip" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "$without_ensurepip cannot make a virtual environment: it has no ensurepip." \
             "On Debian and Ubuntu: apt-get install python$minor-venv" >&2
    elif [ -n "${PYTHON:-}" ]; then
        echo "PYTHON=$PYTHON is no Python >= 3.11 that runs" >&2
    else
        echo "Ymateb needs Python >= 3.11, and none is on PATH; if there is one elsewhere: make ... PYTHON=/path/to/python3" >&2
    fi
    return 1
}

if ! { is_new_enough "$folder/bin/python" && "$folder/bin/python" -c 'import pip' 2>/dev/null; }; then
    python=$(choose_python)
    echo "making $folder with $("$python" --version)"
    "$python" -m venv --clear "$folder"
fi
echo "installing $(grep -c '^[a-z0-9].*==' "$lock") packages of $lock"
"$folder/bin/python" -m pip install --disable-pip-version-check --quiet --no-input --retries 10 --timeout 60 --require-hashes -r "$lock"
