"""What the comparison runs in: a virtual environment with the peers, and a release build of flash."""

import os
import subprocess
import sys
from pathlib import Path


def enter(folder):
    """Goes on in the virtual environment, making it where it is missing or holds other versions."""
    environment = folder / ".venv-peers"
    if Path(sys.prefix) == environment:
        return
    requirements = folder / "requirements.txt"
    python = environment / "bin" / "python"
    # Written last, so that a broken installation is not taken for a whole one.
    installed = environment / "installed.txt"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        print(f"installing PyTorch and ONNX Runtime into {environment.name} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements], check=True)
        installed.write_text(requirements.read_text())
    os.execv(python, [str(python), *sys.argv])


def build(package):
    """Builds flash and returns the path of the executable."""
    command = ["swift", "build", "-c", "release", "--product", "flash"]
    subprocess.run(command, cwd=package, check=True, stdout=sys.stderr)
    folder = subprocess.run(
        [*command, "--show-bin-path"], cwd=package, check=True, capture_output=True, text=True).stdout.strip()
    return Path(folder) / "flash"
