#!/bin/sh
# Finds an nginx and a Caddy for the tests of our examples, or unpacks Debian's into build/debian: nothing is installed,
# and nothing is started.
set -eu

folder=build/debian
for program in nginx caddy; do
    PATH="$PATH:/usr/sbin:$folder/usr/sbin:$folder/usr/bin" command -v "$program" >/dev/null && continue
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        echo "the tests of the examples for reverse proxies need $program on PATH" >&2
        exit 1
    fi
    echo "unpacking Debian's $program into $folder"
    mkdir -p "$folder"
    (cd "$folder" && { apt-get download -qq "$program" 2>/dev/null || { apt-get update -qq && apt-get download -qq "$program"; }; } &&
        dpkg -x "$program"_*.deb . && rm "$program"_*.deb)
done
