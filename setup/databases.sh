#!/bin/sh
# Brings the servers that the tests start for themselves: MariaDB, PostgreSQL, Redis and RabbitMQ.
#
#   setup/databases.sh [--unpack]
#
# What is on this machine is used. Root gets what is missing with apt-get, and no service is started by that. Anybody
# else, or --unpack, gets MariaDB, PostgreSQL and Redis of this Debian release unpacked into .tools/databases. RabbitMQ
# runs from fixed folders only, so it cannot be unpacked: without it its tests are skipped and say so.
set -eu

name=databases
project=$(cd "$(dirname "$0")/.." && pwd)
without_debian='Put mariadbd, postgres, redis-server and rabbitmq-server on PATH instead.'
. "$project/setup/apt.sh"

target=$tools/databases
# Where Debian keeps servers that are on no user's PATH.
folders=${DATABASE_FOLDERS-/usr/sbin:/usr/local/sbin:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')}
policy=/usr/sbin/policy-rc.d

release() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

has() { PATH=$PATH:$folders:$target/bin command -v "$1" >/dev/null; }

# package PROGRAM -> the Debian package that brings it.
package() {
    case $1 in
    mariadbd) echo mariadb-server ;;
    postgres) echo postgresql ;;
    *) echo "$1" ;;
    esac
}

missing() {
    for program in mariadbd postgres redis-server rabbitmq-server; do has "$program" || package "$program"; done
}

# While packages are configured, policy-rc.d forbids that any service is started; then it is as it was before.
forbid_services() {
    if [ -e "$policy" ]; then mv "$policy" "$policy.before-gradewatch"; fi
    trap allow_services EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

allow_services() {
    rm -f "$policy" "${log:-}"
    if [ -e "$policy.before-gradewatch" ]; then mv "$policy.before-gradewatch" "$policy"; fi
}

install_packages() {
    command -v apt-get >/dev/null || fail "$(echo "$@") missing, and so is apt-get: this is not Debian. $without_debian"
    say "$* by apt-get; their services are not started"
    forbid_services
    log=$(mktemp)
    apt-get -qq update >"$log" 2>&1 || fail "the package lists did not come: $(complaint). Check the network and the" \
        "mirror in /etc/apt, then run again."
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >"$log" 2>&1 ||
        fail "the packages could not be installed: $(complaint). Run \`apt-get install $*\` to see why."
}

complaint() { grep -m 1 '^[EW]:' "$log" | cut -c 4-; }

newest_postgresql() {
    apt-cache -c "$work/apt.conf" pkgnames postgresql- | grep -E '^postgresql-[0-9]+$' | sort -V | tail -n 1
}

# wrap NAME PROGRAM [OPTION ...]: a script that runs an unpacked program with the libraries it came with.
wrap() {
    wrapper=$work/databases/bin/$1
    program=$2
    shift 2
    cat >"$wrapper" <<SCRIPT
#!/bin/sh
# A server with its own libraries: see setup/databases.sh.
root=\$(dirname "\$(readlink -f "\$0")")/../root
libraries=\$root/$libraries
export LD_LIBRARY_PATH="\$libraries:\$root/${libraries#usr/}"
exec "\$root/$program" "\$@" $*
SCRIPT
    chmod 755 "$wrapper"
}

unpack() {
    open_suite "$(release)"
    say 'MariaDB, PostgreSQL and Redis, about 150 MB'
    postgresql=$(newest_postgresql)
    (cd "$work" && apt-get -c "$work/apt.conf" -qq -y --no-install-recommends --download-only install \
        mariadb-server-core mariadb-client-core "$postgresql" redis-server >"$work/log" 2>&1) ||
        fail "the servers did not come: $(reason). Check the network, then run again. $without_debian"
    mkdir -p "$work/databases/bin" "$work/databases/root"
    for file in "$work"/cache/archives/*.deb; do
        case $(basename "$file") in
        libc6_* | libc-bin_* | dpkg_* | perl* | libperl* | systemd* | coreutils_* | libllvm* | locales*) ;;
        *) dpkg -x "$file" "$work/databases/root" ;;
        esac
    done
    libraries=usr/lib/$(dpkg --print-architecture | sed 's/amd64/x86_64/; s/arm64/aarch64/')-linux-gnu
    # shellcheck disable=SC2016  # $root is the wrapper's own
    wrap mariadbd usr/sbin/mariadbd '--basedir="$root/usr"'
    # shellcheck disable=SC2016
    wrap mariadb-install-db usr/bin/mariadb-install-db '--basedir="$root/usr"'
    wrap redis-server usr/bin/redis-server
    wrap redis-cli usr/bin/redis-cli
    for program in postgres initdb pg_basebackup; do
        wrap "$program" "usr/lib/postgresql/${postgresql#postgresql-}/bin/$program"
    done
    for program in mariadbd postgres redis-server; do
        "$work/databases/bin/$program" --version >/dev/null 2>"$work/log" ||
            fail "$program does not run here: $(head -n 1 "$work/log"). $without_debian"
    done
    rm -rf "$target"
    mv "$work/databases" "$target"
}

if [ "${1:-}" = --unpack ]; then
    unpack
elif [ -n "$(missing)" ]; then
    if [ "$(id -u)" = 0 ]; then
        # shellcheck disable=SC2046  # a list of words
        install_packages $(missing)
    elif [ "$(missing)" != rabbitmq-server ]; then
        unpack
    fi
fi
if ! has rabbitmq-server; then
    say 'RabbitMQ is missing and cannot be unpacked; its tests are skipped (as root: apt-get install rabbitmq-server)'
fi
say 'ready'
