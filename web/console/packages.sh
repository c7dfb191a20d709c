#!/bin/sh
# packages.sh [STAMP] - fetches what package-lock.json pins into node_modules, unless it is there.
# Several builds may ask at once: the first one works, the others wait. Scripts of packages do not run.
set -eu
stamp=${1:+$(realpath "$1")}
cd "$(dirname "$0")"
exec 9<package-lock.json
flock 9
want=$(sha256sum package-lock.json | cut -d ' ' -f 1)
if [ "$(cat node_modules/.linnet 2>/dev/null || true)" != "$want" ]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    echo "$want" >node_modules/.linnet
fi
[ -z "$stamp" ] || touch "$stamp"
