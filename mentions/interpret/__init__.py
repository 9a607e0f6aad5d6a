"""What a page says: from a fetched document to the reaction, its author and its kind.

`dom` reads markup into a tree, `microformats` (with `properties` and `classic`) finds the items in it, `entry` chooses
the one that responds and reads it, `kind` classifies it, `author` finds who wrote it, `plain` reads pages without
microformats, `dates` reads times.  No I/O: a page that has to be fetched is named, and read by whoever fetched it."""
