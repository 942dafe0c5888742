#!/bin/sh
# Puts Prometheus (with promtool) and Alertmanager (with amtool) of Debian suites into .tools/ of the project.
#
#   setup/servers.sh [SUITE ...]        forky, the newest pair, when none is given
#
# One folder a version, such as .tools/prometheus-3.5/bin/prometheus; what is there already is left alone.
set -eu

name=servers
project=$(cd "$(dirname "$0")/.." && pwd)
without_debian='Put prometheus, promtool, alertmanager and amtool on PATH instead (https://prometheus.io/download).'
. "$project/setup/apt.sh"

# Debian's servers read web pages and mail templates from a fixed folder; Alertmanager does not start without it. A
# copy of the binary gets another path of the same length, descriptor 9, which a small script opens on our folder: so
# it runs from any folder, for any user, several versions beside one another.
#   relocate BINARY FIXED_FOLDER TARGET_FOLDER NAME
relocate() {
    descriptor=/proc/self/fd/9
    while [ ${#descriptor} -lt ${#2} ]; do descriptor=$descriptor/; done
    mkdir -p "$3/libexec"
    LC_ALL=C sed "s#$2#$descriptor#g" "$1" >"$3/libexec/$4"
    cat >"$3/bin/$4" <<SCRIPT
#!/bin/sh
# Descriptor 9 is the folder of pages and templates: see setup/servers.sh.
here=\$(dirname "\$(readlink -f "\$0")")
exec 9<"\$here/../share" "\$here/../libexec/$4" "\$@"
SCRIPT
    chmod 755 "$3/libexec/$4" "$3/bin/$4"
    "$3/bin/$4" --version >/dev/null 2>&1 || fail "$4 of $suite does not run on this machine. $without_debian"
}

# version PACKAGE -> "3.5": upstream's major and minor of the downloaded package.
version() { dpkg-deb -f "$work/$1"_*.deb Version | sed -E 's/^[0-9]+://; s/^([0-9]+\.[0-9]+).*/\1/'; }

# finish NAME PACKAGE: the finished folder moves into place, whole or not at all.
finish() {
    folder=$1-$(version "$2")
    rm -rf "${tools:?}/$folder"
    mv "$work/$1" "$tools/$folder"
    echo "$folder" >>"$work/folders"
    say "$folder is ready"
}

install_prometheus() {
    mkdir -p "$work/prometheus/bin"
    fetch prometheus
    if has_package promtool; then fetch promtool; fi    # part of the package prometheus before trixie
    cp "$work/root/usr/bin/promtool" "$work/prometheus/bin/"
    cp -R "$work/root/usr/share/prometheus/web" "$work/prometheus/share"
    relocate "$work/root/usr/bin/prometheus" /usr/share/prometheus/web "$work/prometheus" prometheus
    finish prometheus prometheus
}

install_alertmanager() {
    mkdir -p "$work/alertmanager/bin"
    fetch prometheus-alertmanager
    cp "$work/root/usr/bin/amtool" "$work/alertmanager/bin/"
    cp -R "$work/root/usr/share/prometheus/alertmanager" "$work/alertmanager/share"
    relocate "$work/root/usr/bin/prometheus-alertmanager" /usr/share/prometheus/alertmanager \
        "$work/alertmanager" alertmanager
    finish alertmanager prometheus-alertmanager
}

# .tools/<suite> lists the folders that the suite brought.
present() {
    [ -e "$tools/$1" ] || return 1
    while read -r folder; do [ -d "$tools/$folder" ] || return 1; done <"$tools/$1"
}

if ! command -v apt-get >/dev/null && command -v prometheus promtool alertmanager amtool >/dev/null; then
    say 'this is not Debian; the servers on PATH are used'
    exit 0
fi
for suite in "${@:-forky}"; do
    if present "$suite"; then continue; fi
    open_suite "$suite"
    say "Prometheus and Alertmanager of $suite, 30 to 60 MB"
    install_prometheus
    install_alertmanager
    mv "$work/folders" "$tools/$suite"
    rm -rf "$work"
done
