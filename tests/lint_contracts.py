"""Lint contracts with the official tool, in one process of its environment: `lint_contracts.py FOLDER...`."""

import sys
from pathlib import Path

from datacontract.data_contract import DataContract


def main(files: list[str]) -> int:
    failed = 0
    for file in sorted(files):
        run = DataContract(data_contract_file=file).lint()
        print(f"{file}: {run.result.value}")
        if not run.has_passed():
            failed += 1
            for check in run.checks or []:
                print(f"  {check.result.value if check.result else '?'}: {check.name}: {check.reason}")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main([str(path) for folder in sys.argv[1:] for path in Path(folder).glob("*.odcs.yaml")]))
