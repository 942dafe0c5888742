# Debian packages without root, sourced by the other scripts here: apt-get with lists of its own, dpkg only unpacks.
# Nothing is installed and the machine's package state is not read. The caller sets `project` and `name`.
# shellcheck shell=sh

tools=$project/.tools
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s: %s\n' "$name" "$*" >&2; }

fail() {
    say "$*"
    exit 2
}

# The mirror this machine uses already, else Debian's own.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -E '/debian/?$' | head -n 1 | sed 's#/$##' | grep . || echo http://deb.debian.org/debian
}

# Proxies and certificates of the machine's apt stay in force; this file is read after them.
write_apt_configuration() {
    mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial"
    : >"$1/status"
    signed=
    if [ -e "$keyring" ]; then signed="signed-by=$keyring"; fi
    echo "deb [arch=$(dpkg --print-architecture) $signed] $(mirror) $2 main" >"$1/sources.list"
    cat >"$1/apt.conf" <<CONFIGURATION
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Packages {
    MetaKey "\$(COMPONENT)/binary-\$(ARCHITECTURE)/Packages";
    ShortDescription "Packages";
    Description "\$(RELEASE)/\$(COMPONENT) \$(ARCHITECTURE) Packages";
    Optional "no";
};
Acquire::Languages "none";
Acquire::Retries "3";
APT::Update::Error-Mode "any";
Acquire::http::Timeout "30";
APT::Architectures { "$(dpkg --print-architecture)"; };
APT::Sandbox::User "root";
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$1/state";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
CONFIGURATION
}

# open_suite SUITE: sets `work`, a folder with the package lists of the suite; it goes when the script ends.
open_suite() {
    for program in apt-get dpkg; do
        command -v "$program" >/dev/null || fail "$program is missing: this is not Debian. $without_debian"
    done
    mkdir -p "$tools" 2>/dev/null && [ -w "$tools" ] ||
        fail "no right to write $tools; use a copy of the project that is yours."
    work=$(mktemp -d "$tools/.work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    say "package lists of $1 from $(mirror)"
    write_apt_configuration "$work" "$1"
    apt-get -c "$work/apt.conf" -qq update >"$work/log" 2>&1 || fail "the package lists of $1 did not come:" \
        "$(reason). Check the network and the mirror in /etc/apt, then run again."
}

# The first thing that apt-get complained about.
reason() { grep -m 1 '^[EW]:' "$work/log" | cut -c 4-; }

has_package() { apt-cache -c "$work/apt.conf" pkgnames "$1" | grep -qx "$1"; }

# fetch PACKAGE: downloads it and unpacks it into $work/root.
fetch() {
    (cd "$work" && apt-get -c "$work/apt.conf" -qq download "$1" >"$work/log" 2>&1) ||
        fail "the package $1 did not come: $(reason). Check the network, then run again. $without_debian"
    dpkg -x "$work/$1"_*.deb "$work/root"
}
