#!/bin/sh
# A tour through a real window: loads, runs, selects, walks, exports, saves, quits. Each step waits for what it must
# bring about, a file or another picture on the screen, and fails where that does not come. Needs Xvfb, openbox,
# xdotool and ImageMagick's import. Screenshots land in out/tour, what the program writes in out/tour/files.
set -eu
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/release/mnemoscope}")
for tool in Xvfb openbox xdotool import; do
    command -v "$tool" >/dev/null 2>&1 || { echo "tour: there is no $tool here, so no tour" >&2; exit 3; }
done
out=$PWD/out/tour
rm -rf "$out"
mkdir -p "$out/files" "$out/home"
step=start app='' wm='' screen=''

end() {
    for process in $app $wm $screen; do kill "$process" 2>/dev/null || true; done
}
trap end EXIT

fail() {
    picture failed || true
    echo "tour: $step: $1" >&2
    exit 1
}

# wait_for WHAT COMMAND…: until the command succeeds, a minute at most
wait_for() {
    what=$1 tries=0
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "$what did not come"
        sleep 0.3
    done
}

picture() { import -window root "$out/$1.png"; }
digest() { import -window root -depth 8 rgb:- | cksum; }
differs() { [ "$(digest)" != "$1" ]; }
gone() { ! kill -0 "$1"; }
settled() {
    first=$(digest)
    sleep 0.6
    [ "$(digest)" = "$first" ]
}
key() { xdotool key --clearmodifiers "$1"; }

# press KEY WHAT: the screen must follow, and come to rest
press() {
    before=$(digest)
    key "$1"
    wait_for "$2" differs "$before"
    wait_for "rest" settled
}

# palette WORDS: does what the palette finds first
palette() {
    rest=$(digest)
    press ctrl+k "the palette"
    before=$(digest)
    xdotool type --delay 20 "$1"
    wait_for "what is typed" differs "$before"
    wait_for "rest" settled
    key Return
    wait_for "what \`$1\` brings" differs "$rest"
    wait_for "rest" settled
}

number=90
while [ -e "/tmp/.X11-unix/X$number" ]; do number=$((number + 1)); done
Xvfb ":$number" -screen 0 1440x900x24 -nolisten tcp >/dev/null 2>&1 &
screen=$!
export DISPLAY=":$number" HOME="$out/home" XDG_CONFIG_HOME="$out/home/config" XDG_DATA_HOME="$out/home/data"
# Its socket is there before it answers
wait_for "the screen" xdotool getdisplaygeometry
openbox >/dev/null 2>&1 &
wm=$!

step=load
cd "$out/files"
"$program" --prompt "Mary has a red ball. Tom has a blue kite. Mary plays with the" &
app=$!
wait_for "the window" xdotool search --onlyvisible --name '^Mnemoscope$'
window=$(xdotool search --onlyvisible --name '^Mnemoscope$' | head -n 1)
# The program may be there before the window manager, which must announce itself first
wait_for "the window in front" xdotool windowactivate --sync "$window"
wait_for "rest" settled
picture 1-loaded

step=run
press ctrl+l "the prompt's focus"
key ctrl+End
before=$(digest)
xdotool type --delay 20 " red"
wait_for "what is typed" differs "$before"
key ctrl+Return
key Escape
wait_for "rest" settled
picture 2-run

step=select
palette "4.1"
picture 3-selected

step=walk
palette "Walk"
picture 4-walk
press Page_Down "the next step"
picture 5-next-step

step=export
press ctrl+e "the dialog"
picture 6-export
key Return
wait_for "the picture" test -s storyteller-L4H1.png
wait_for "rest" settled

step=save
press ctrl+s "the dialog"
key Return
wait_for "the session" test -s session.mnemo
grep -q '"step":' session.mnemo || fail "the session does not say where the walk stands"
wait_for "rest" settled
picture 7-saved

step=quit
key ctrl+q
wait_for "the end" gone "$app"
wait "$app" || fail "it did not end well"
app=''
echo "tour: loaded, ran, selected, walked, exported, saved, quit; pictures in out/tour"
