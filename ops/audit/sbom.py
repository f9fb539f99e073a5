"""The bill of materials of an installation: CycloneDX 1.6 from requirements.lock and what is installed.

`python ops/audit/sbom.py > sbom.json`; ends with 1 where a locked package is not installed as it is locked.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<only>.*))?$", re.MULTILINE)
_LICENSE = re.compile(r"^License :: (?:OSI Approved :: )?(.+)$")


def main() -> int:
    """Prints the document; gives how many packages are not as they are locked."""
    components: list[dict[str, Any]] = []
    wrong = 0
    for pin in _PIN.finditer((ROOT / "requirements.lock").read_text("utf-8")):
        name, version = pin["name"], pin["version"]
        component: dict[str, Any] = {
            "type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name.lower()}@{version}",
            "bom-ref": f"pkg:pypi/{name.lower()}@{version}",
        }  # fmt: skip
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if pin["only"] is None:
                wrong += 1
                print(f"{name} is locked and not installed", file=sys.stderr)
        else:
            if found.version != version:
                wrong += 1
                print(f"{name} is {found.version}, locked is {version}", file=sys.stderr)
            component["licenses"] = [{"license": {"name": _license(found.metadata)}}]
        components.append(component)
    print(json.dumps(_document(components), indent=2))
    return wrong


def _license(metadata: Any) -> str:
    expression = metadata.get("License-Expression")
    classified = [
        match[1] for line in metadata.get_all("Classifier") or () if (match := _LICENSE.match(line))
    ]
    return str(
        expression or " OR ".join(classified) or (metadata.get("License") or "unknown").splitlines()[0]
    )


def _document(components: list[dict[str, Any]]) -> dict[str, Any]:
    ours = distribution("crossdock")
    own = {
        "type": "application", "name": "crossdock", "version": ours.version, "bom-ref": "crossdock",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }  # fmt: skip
    seed = json.dumps([ours.version, [one["purl"] for one in components]])
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}",
        "metadata": {"component": own, "tools": {"components": [{"type": "application", "name": "ops/audit/sbom.py"}]}},
        "components": components,
        "dependencies": [{"ref": "crossdock", "dependsOn": [one["bom-ref"] for one in components]}],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
