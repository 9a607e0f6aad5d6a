<?php
/*
 * import_wxr.php FILE: brings a WXR file into this WordPress; prints what came in as JSON.
 *
 * The plugin "WordPress Importer" is in no registry that the tests can use, so this stands in for it (decision 0140).
 * It reads the file by the names of WXR 1.2 with PHP's own XML, and keeps nothing itself: whether something is there
 * already, how it is filtered and how it is stored is asked of WordPress' own functions, in the plugin's order.
 */
require getcwd() . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/admin.php';
define( 'WXR', 'http://wordpress.org/export/1.2/' );

function read_wxr( string $path ): SimpleXMLElement {
	$document = new DOMDocument();
	if ( ! $document->loadXML( file_get_contents( $path ), LIBXML_NONET ) || isset( $document->doctype ) ) {
		throw new RuntimeException( 'not well-formed XML, or it has a DTD' );
	}
	$rss = simplexml_import_dom( $document );
	if ( ! preg_match( '/^\d+\.\d+$/', trim( (string) $rss->channel->children( WXR )->wxr_version ) ) ) {
		throw new RuntimeException( 'no WXR: it names no version' );
	}
	return $rss;
}

/** What the children of an element in the namespace of WXR say, under the names that are asked for. */
function fields( SimpleXMLElement $element, array $names ): array {
	$found = array();
	foreach ( $names as $name ) {
		$found[ $name ] = (string) $element->children( WXR )->$name;
	}
	return $found;
}

/** The post of an item: the one that is there with the same title, date and type, else a new one. */
function post_of( SimpleXMLElement $item ): array {
	$post = fields(
		$item,
		array(
			'post_date', 'post_date_gmt', 'post_name', 'post_type', 'post_password', 'post_parent', 'menu_order',
			'comment_status', 'ping_status',
		)
	);
	$post['post_title']   = (string) $item->title;
	$post['guid']         = (string) $item->guid;
	$post['post_content'] = (string) $item->children( 'http://purl.org/rss/1.0/modules/content/' )->encoded;
	$post['post_status']  = (string) $item->children( WXR )->status;
	$post['import_id']    = (int) $item->children( WXR )->post_id;
	$post['post_author']  = 1;
	$there                = post_exists( $post['post_title'], '', $post['post_date'] );
	if ( $there && get_post_type( $there ) === $post['post_type'] ) {
		return array( $there, true );
	}
	$made = wp_insert_post( wp_slash( $post ), true );
	if ( is_wp_error( $made ) ) {
		throw new RuntimeException( $made->get_error_message() );
	}
	return array( $made, false );
}

/** The comments of an item by their numbers in the file, which is the order in which WordPress takes them in. */
function comments_of( SimpleXMLElement $item ): array {
	$names    = array(
		'comment_author', 'comment_author_email', 'comment_author_url', 'comment_author_IP', 'comment_date',
		'comment_date_gmt', 'comment_content', 'comment_approved', 'comment_type', 'comment_parent',
	);
	$comments = array();
	foreach ( $item->children( WXR )->comment as $comment ) {
		$number              = (int) $comment->children( WXR )->comment_id;
		$comments[ $number ] = array( fields( $comment, $names ), $comment->children( WXR )->commentmeta );
	}
	ksort( $comments );
	return $comments;
}

$told = array( 'posts' => 0, 'comments' => 0 );
foreach ( read_wxr( $argv[1] )->channel->item as $item ) {
	list( $post_id, $was_there ) = post_of( $item );
	$told['posts']              += $was_there ? 0 : 1;
	$numbers                     = array();   // number in the file => id here
	foreach ( comments_of( $item ) as $number => list( $comment, $metas ) ) {
		if ( $was_there && comment_exists( $comment['comment_author'], $comment['comment_date'] ) ) {
			continue;
		}
		$comment['comment_post_ID'] = $post_id;
		$comment['comment_parent']  = $numbers[ $comment['comment_parent'] ] ?? $comment['comment_parent'];
		$numbers[ $number ]         = wp_insert_comment( wp_filter_comment( wp_slash( $comment ) ) );
		foreach ( $metas as $meta ) {
			$pair = fields( $meta, array( 'meta_key', 'meta_value' ) );
			add_comment_meta( $numbers[ $number ], wp_slash( $pair['meta_key'] ), wp_slash( $pair['meta_value'] ) );
		}
		++$told['comments'];
	}
}
echo wp_json_encode( $told );
