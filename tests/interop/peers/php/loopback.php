<?php
/*
 * Must-use plugin: lets WordPress ask servers on this machine, on whatever port the kernel gave them.
 * Everything else is as WordPress ships it, but
 * for a site that is told to be patient: it takes more than one comment of a sender within fifteen seconds.
 */
add_filter( 'http_request_host_is_external', '__return_true' );
add_filter(
	'http_allowed_safe_ports',
	static function ( $ports, $host, $url ) {
		$ports[] = wp_parse_url( $url, PHP_URL_PORT );
		return $ports;
	},
	10,
	3
);
if ( getenv( 'PEER_IS_PATIENT' ) ) {
	remove_action( 'check_comment_flood', 'check_comment_flood_db' );
}
