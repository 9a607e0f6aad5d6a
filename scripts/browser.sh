#!/bin/sh
# Finds a Chromium for the browser tests.  On Debian, as root, installs it; elsewhere says what is missing.
set -eu
. "${0%/*}/debian.sh"

is_there() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" >/dev/null; then return 0; fi
    done
    return 1
}

if is_there; then exit 0; fi
if can_install; then
    echo "installing Debian's chromium for the browser tests"
    install_packages chromium fonts-dejavu-core
    if is_there; then exit 0; fi
fi
echo "the browser tests need Chromium: install chromium (or google-chrome) so that it is on PATH" >&2
exit 1
