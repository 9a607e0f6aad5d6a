"""HTTP in, nothing out: answers whoever calls us."""
