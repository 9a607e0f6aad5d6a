"""What an operator may change.  Imports nothing of ours."""

from typing import Final

VERSION: Final = "0.1.0"
"""The release, as the User-Agent and the OpenAPI document name it; a test keeps it equal to pyproject.toml."""
