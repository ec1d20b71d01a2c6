"""Known vulnerabilities of the locked dependencies; loudly skipped where the service can't be reached.

pip-audit asks PyPI's JSON service. A mirror that serves packages only does not have it, and there is no list
of vulnerabilities to be had offline; then nothing is known, and this says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"


def main() -> int:
    command = [
        sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--no-deps", "--disable-pip",
        "--progress-spinner", "off", "--format", "json", "--timeout", "10",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"AUDIT SKIPPED: {done.stderr.strip().splitlines()[-1:] or done.returncode}", file=sys.stderr)
        return 0
    skipped = [d["name"] for d in found if "skip_reason" in d]
    faults = [f"{d['name']} {d['version']}: {v['id']}" for d in found for v in d.get("vulns", ())]
    if skipped:
        print(f"AUDIT SKIPPED for {len(skipped)} of {len(found)} packages: no service", file=sys.stderr)
    print("\n".join(faults) or f"no known vulnerability in {len(found) - len(skipped)} packages")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
