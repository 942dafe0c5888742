#!/bin/sh
# Unpacks a MySQL server of Debian's unstable suite into .tools/mysql, for the tests that only `make test-all` runs:
# no Debian release has MySQL beside MariaDB. It runs with the C library that it came with.
set -eu

name=mysql
project=$(cd "$(dirname "$0")/.." && pwd)
without_debian='Put mysqld on PATH instead.'
. "$project/setup/apt.sh"

target=$tools/mysql

unpack() {
    open_suite sid
    say 'MySQL and its libraries, about 60 MB'
    (cd "$work" && apt-get -c "$work/apt.conf" -qq -y --no-install-recommends --download-only install \
        mysql-server-core >"$work/log" 2>&1) ||
        fail "MySQL did not come: $(reason). Check the network, then run again. $without_debian"
    mkdir -p "$work/mysql/bin" "$work/mysql/root"
    for file in "$work"/cache/archives/*.deb; do
        case $(basename "$file") in
        perl* | libperl*) ;;
        *) dpkg -x "$file" "$work/mysql/root" ;;
        esac
    done
    cat >"$work/mysql/bin/mysqld" <<'SCRIPT'
#!/bin/sh
# MySQL with its own loader and libraries: see setup/mysql.sh.
usr=$(dirname "$(readlink -f "$0")")/../root/usr
libraries=$(dirname "$(echo "$usr"/lib/*/libc.so.6)")
loader=$(echo "$libraries"/ld-linux-*.so.*)
exec "$loader" --argv0 "$usr/sbin/mysqld" --library-path "$libraries" "$usr/sbin/mysqld" "$@" \
    --basedir="$usr" --lc-messages-dir="$usr/share/mysql"
SCRIPT
    chmod 755 "$work/mysql/bin/mysqld"
    "$work/mysql/bin/mysqld" --no-defaults --version >/dev/null 2>"$work/log" ||
        fail "MySQL does not run here: $(head -n 1 "$work/log"). $without_debian"
    rm -rf "$target"
    mv "$work/mysql" "$target"
}

# Debian's MariaDB calls itself mysqld as well.
has_mysql() { [ -x "$target/bin/mysqld" ] || { mysqld --version 2>/dev/null | grep -q . && ! mysqld --version | grep -qi mariadb; }; }

has_mysql || unpack
say 'ready'
