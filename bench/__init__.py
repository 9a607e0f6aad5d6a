"""Measurements, always beside what the machine can do in the same minute: ratios last, rates do not."""
