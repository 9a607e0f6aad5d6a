"""Network and time: everything that touches strangers' hosts or the clock."""
