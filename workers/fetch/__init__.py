"""The one client that leaves the house: every request to a stranger goes through here."""
