"""Numbers for Debian's node exporter, which reads them from a folder where there is one; the unit copies them there."""

import os

FOLDER = "/var/lib/farol-backup"


def tell(of, values):
    """What is not told keeps the value that it had."""
    path = os.path.join(FOLDER, f"farol-{of}.prom")
    told = _read(path) | {f"farol_{of}_{name}": str(value) for name, value in values.items()}
    with open(f"{path}.new", "w", encoding="ascii") as file:
        file.writelines(f"{name} {value}\n" for name, value in sorted(told.items()))
    os.replace(f"{path}.new", path)


def _read(path):
    try:
        with open(path, encoding="ascii") as file:
            return dict(line.split() for line in file)
    except FileNotFoundError:
        return {}
