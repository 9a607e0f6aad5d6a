#!/bin/sh
# Finds a Chromium for the browser tests.  On Debian, as root, installs it; elsewhere says what is missing.
set -eu

is_there() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" >/dev/null; then return 0; fi
    done
    return 1
}

if is_there; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    patience="-o DPkg::Lock::Timeout=300 -o Acquire::Retries=5" # a fresh machine updates itself, a mirror stumbles
    apt-get $patience update -qq
    apt-get $patience install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
    if is_there; then exit 0; fi
fi
echo "the browser tests need Chromium: install chromium (or google-chrome) so that it is on PATH" >&2
exit 1
