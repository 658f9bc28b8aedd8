#!/bin/sh
# Installs what a bare Debian or Ubuntu with Rust lacks to build, open a window and draw snapshots; with `--tests` also
# what the tests of the interactive page and the tour through a real window need. Elsewhere it only says what is needed.
set -eu
[ "$(uname)" = Linux ] || exit 0
if ! command -v dpkg-query >/dev/null 2>&1; then
    command -v cc >/dev/null 2>&1 || echo "A C compiler is needed (gcc)" >&2
    exit 0
fi
needs="gcc libc6-dev libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libwayland-client0 libwayland-egl1
    libegl1 libgl1 libgl1-mesa-dri libvulkan1 mesa-vulkan-drivers libfontconfig1 fonts-noto-cjk"
tests="chromium xvfb xdotool openbox imagemagick"
[ "${1:-}" = --tests ] && needs="$needs $tests"
missing=""
for package in $needs; do
    # A browser of another make will do
    if [ "$package" = chromium ] && { command -v chromium || command -v chromium-browser || command -v google-chrome ||
        command -v google-chrome-stable; } >/dev/null 2>&1; then continue; fi
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then as=""; elif command -v sudo >/dev/null 2>&1; then as=sudo; else
    echo "Missing packages; as root run: apt-get install$missing" >&2
    exit 0
fi
echo "Installing:$missing"
$as apt-get update -qq || echo "The package lists cannot be fetched" >&2
install() { DEBIAN_FRONTEND=noninteractive $as apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
# What only tests want may be missing from the archive (Ubuntu has no chromium but as a snap): they say so and skip
for package in $missing; do
    case " $tests " in
        *" $package "*) install "$package" || echo "no $package here: tests that need it will skip" >&2 ;;
        *) must="${must:-} $package" ;;
    esac
done
# shellcheck disable=SC2086
[ -z "${must:-}" ] || install $must
