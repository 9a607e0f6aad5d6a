<?php
// The settings of a WordPress that the tests start; what differs between two of them comes from the environment.
define( 'DB_NAME', getenv( 'PEER_DATABASE' ) );
define( 'DB_USER', 'root' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:' . getenv( 'PEER_SOCKET' ) );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'WP_HOME', getenv( 'PEER_ORIGIN' ) );
define( 'WP_SITEURL', getenv( 'PEER_ORIGIN' ) );
define( 'WP_CONTENT_DIR', getenv( 'PEER_CONTENT' ) );
define( 'WP_CONTENT_URL', WP_HOME . '/wp-content' );
define( 'WP_DEFAULT_THEME', 'twentytwentyone' );
define( 'WP_ENVIRONMENT_TYPE', 'local' );   // application passwords without TLS
define( 'DISABLE_WP_CRON', true );          // the tests say when pings leave
define( 'WP_AUTO_UPDATE_CORE', false );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );   // nothing but this machine is ever asked
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.*' );
foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $name ) {
	define( $name . '_KEY', $name . '-key-of-a-test' );
	define( $name . '_SALT', $name . '-salt-of-a-test' );
}
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
