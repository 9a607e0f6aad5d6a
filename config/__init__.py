"""What an operator may change.  Imports nothing of ours."""
