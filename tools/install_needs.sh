#!/bin/sh
# Installs what a bare Debian or Ubuntu with Rust lacks to build, open a window and draw snapshots. Elsewhere it
# only says what is needed.
set -eu
[ "$(uname)" = Linux ] || exit 0
if ! command -v dpkg-query >/dev/null 2>&1; then
    command -v cc >/dev/null 2>&1 || echo "A C compiler is needed (gcc)" >&2
    exit 0
fi
needs="gcc libc6-dev libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libwayland-client0 libwayland-egl1
    libegl1 libgl1 libgl1-mesa-dri libvulkan1 mesa-vulkan-drivers libfontconfig1 fonts-noto-cjk"
missing=""
for package in $needs; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then as=""; elif command -v sudo >/dev/null 2>&1; then as=sudo; else
    echo "Missing packages; as root run: apt-get install$missing" >&2
    exit 0
fi
echo "Installing:$missing"
$as apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as apt-get install -y -qq --no-install-recommends $missing >/dev/null
