#!/bin/sh
# Finds a Chromium for the browser tests.  On Debian, as root, installs it; elsewhere says what is missing.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
    exit 0
fi
echo "the browser tests need Chromium: install chromium (or google-chrome) so that it is on PATH" >&2
exit 1
