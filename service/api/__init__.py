"""What owners, widgets and other programs read, and how owners moderate: everything below /api."""
