"""Where responses come in: webmentions, pingbacks, and the status of what was sent."""
