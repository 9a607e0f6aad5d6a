<?php
// install.php TITLE: installs WordPress as its own installer does; prints the administrator's application password.
define( 'WP_INSTALLING', true );
require getcwd() . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter( 'pre_wp_mail', '__return_true' );   // there is nobody to write to
wp_install( $argv[1], 'golygydd', 'editor@site.example', true, '', 'a password of a test' );
wp_delete_post( 1, true );                      // "Hello world!" and its comment
update_option( 'permalink_structure', '/%postname%/' );
list( $password ) = WP_Application_Passwords::create_new_application_password( 1, array( 'name' => 'tests' ) );
echo $password;
