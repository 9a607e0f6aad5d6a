"""Is the service of this container up?  Exits 0 when its /healthz answers 200, else 1 with a line that says why."""

from __future__ import annotations

import http.client
import sys

from config.settings import load_settings


def main() -> int:
    """Asks the service on this machine, without name service or proxy."""
    connection = http.client.HTTPConnection("127.0.0.1", load_settings().port, timeout=4)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
        trouble = "" if status == http.client.OK else f"answered {status}"
    except (OSError, http.client.HTTPException) as error:
        trouble = repr(error)
    finally:
        connection.close()
    if trouble:
        sys.stderr.write(f"/healthz: {trouble}\n")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
