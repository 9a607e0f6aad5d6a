"""The protocols by which sites tell each other of responses: Webmention, Pingback and Salmention.

Each module turns what comes over the wire into words of `mentions.model` and back.  Sending and receiving the bytes is
the business of service/intake and workers/jobs."""
