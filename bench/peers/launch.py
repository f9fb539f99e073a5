"""A program that says nothing when it is ready: started, knocked at, and told of in one line of JSON.

python bench/peers/launch.py --listen HOST:PORT [--knock PATH] -- COMMAND …
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

READY_MAX_S = 120


def answers(url: str) -> bool:
    """Whether an empty order is answered by anything but "no such path"."""
    request = urllib.request.Request(url, b"{}", {"content-type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code not in {404, 503}
    except OSError:
        return False
    return True


def main() -> None:
    """Starts, waits, tells, and ends with the child."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", required=True)
    parser.add_argument("--knock", required=True)
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    child = subprocess.Popen(asked.command, stdout=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    until_s = time.monotonic() + READY_MAX_S
    while not answers(f"http://{asked.listen}{asked.knock}"):
        if child.poll() is not None or time.monotonic() > until_s:
            child.terminate()
            raise SystemExit(f"{asked.command[0]} did not come up")
        time.sleep(0.2)
    print(json.dumps({"ready": True, "url": f"http://{asked.listen}", "pid": os.getpid()}), flush=True)
    child.wait()


if __name__ == "__main__":
    main()
