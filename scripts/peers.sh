#!/bin/sh
# Finds what the tests against a real WordPress need.  On Debian, as root, installs it; elsewhere says what is missing.
# Nothing that is installed here starts a service: the tests run PHP and MariaDB themselves, in a folder of their own.
set -eu
. "${0%/*}/debian.sh"

php_has() { command -v php >/dev/null && php -m | grep -qix "$1"; }

list_missing() {
    command -v php >/dev/null || echo php-cli
    php_has mysqli || echo php-mysql
    php_has simplexml || echo php-xml
    command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null || echo mariadb-server-core
    command -v mariadb >/dev/null || echo mariadb-client
    [ -f /usr/share/wordpress/wp-load.php ] || echo wordpress
    [ -d /usr/share/wordpress/wp-content/themes/twentytwentyone ] || echo wordpress-theme-twentytwentyone
}

missing=$(list_missing | tr '\n' ' ')
[ -n "$missing" ] || exit 0
if can_install; then
    echo "installing Debian's ${missing% } for the tests against a real WordPress"
    # WordPress wants a web server and something that runs PHP in it: these satisfy it and start nothing.
    install_packages $missing php php-cgi micro-httpd netcat-traditional
    missing=$(list_missing | tr '\n' ' ')
    [ -n "$missing" ] || exit 0
fi
echo "the tests against a real WordPress need what Debian packages as ${missing% }: install them, or run this as root on Debian" >&2
exit 1
