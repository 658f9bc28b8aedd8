#!/bin/sh
# What the real window keeps in memory beyond the model and the run: opens it under Xvfb, lets it come to rest, reads its
# resident memory, and takes off the weights and the trace as the program itself counts them.
#   sh tools/window_memory.sh target/release/mnemoscope [PROMPT]
# Prints one line of JSON, in MB. `anonymous` is what the program has allocated; `resident` holds mapped files as well: the
# weights, the program's own code, fonts and the drivers of a software renderer.
set -eu
BIN=$1
PROMPT=${2:-Mary has a red ball. Tom has a blue kite. Mary plays with the}
WORK=$(mktemp -d)
export HOME="$WORK" XDG_RUNTIME_DIR="$WORK"
number() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
RUN=$("$BIN" run --prompt "$PROMPT" --json --quiet)
TRACE=$(printf '%s' "$RUN" | number trace_bytes)
PARAMETERS=$("$BIN" info --json --quiet | number parameters)

# The display that the server picks itself is free
mkfifo "$WORK/display"
Xvfb -displayfd 3 -screen 0 1920x1080x24 +extension GLX +render -noreset 3>"$WORK/display" 2>/dev/null &
SERVER=$!
read -r DISPLAY_NUMBER <"$WORK/display"
DISPLAY=:$DISPLAY_NUMBER "$BIN" --prompt "$PROMPT" 2>/dev/null &
WINDOW=$!
trap 'kill $WINDOW $SERVER 2>/dev/null || true; rm -rf "$WORK"' EXIT
sleep "${SECONDS_AT_REST:-15}"
of() { awk -v key="$1:" '$1 == key { print int($2 / 1024) }' "/proc/$WINDOW/status"; }
TRACE=$((TRACE / 1048576))
WEIGHTS=$((PARAMETERS * 4 / 1048576))
printf '{"anonymous_mb":%s,"resident_mb":%s,"peak_mb":%s,"weights_mb":%s,"trace_mb":%s,"window_mb":%s}\n' \
    "$(of RssAnon)" "$(of VmRSS)" "$(of VmHWM)" "$WEIGHTS" "$TRACE" "$(($(of VmHWM) - WEIGHTS - TRACE))"
