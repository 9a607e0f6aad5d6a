# What scripts have in common that install Debian's packages; they read it in (`. scripts/debian.sh`), nobody runs it.

PATIENCE="-o DPkg::Lock::Timeout=300 -o Acquire::Retries=5" # a fresh machine updates itself, a mirror stumbles

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get $PATIENCE update -qq
    apt-get $PATIENCE install -y -qq --no-install-recommends "$@" >/dev/null
}
