<?php
// ping.php: sends the pings that wait, as WordPress' cron does after a post was published.
require getcwd() . '/wp-load.php';
do_all_pings();
