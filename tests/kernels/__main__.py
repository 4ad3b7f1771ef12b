"""`python -m tests.kernels`: test the text kernels for 64-bit ARM under qemu-user, and count their instructions.

It needs the target (`rustup target add aarch64-unknown-linux-gnu`) and, on Debian, the packages qemu-user and
gcc-aarch64-linux-gnu. The counts are those of the emulated processor, which has no clock of its own.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

_CRATE = Path(__file__).parent
_TARGET = "aarch64-unknown-linux-gnu"
_BUILD = _CRATE.parents[1] / "target" / "kernels"
_EMULATOR = ("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu")
# One instruction in each block of the trace, before and since QEMU 8.1.
_SINGLE_STEPS = {"QEMU_SINGLESTEP": "1", "QEMU_ONE_INSN_PER_TB": "1"}
_KERNELS = ("NEON", "SWAR", "plain")


def main():
    """Run the tests; return cargo's status."""
    name = _TARGET.upper().replace("-", "_")
    environment = {
        **os.environ,
        f"CARGO_TARGET_{name}_LINKER": "aarch64-linux-gnu-gcc",
        f"CARGO_TARGET_{name}_RUNNER": " ".join(_EMULATOR),
        "CARGO_TARGET_DIR": str(_BUILD),
    }
    command = ["cargo", "test", "--release", "--target", _TARGET]
    status = subprocess.run(command, cwd=_CRATE, env=environment, check=False).returncode
    if status == 0:
        subprocess.run(
            ["cargo", "build", "--quiet", "--release", "--target", _TARGET], cwd=_CRATE, env=environment, check=True
        )
        for kernel in _KERNELS:
            print(f"{kernel:6} {_count_instructions(kernel):6.2f} instructions a code point")
    return status


def _count_instructions(kernel, size=4000):
    """Return how many instructions a code point takes: the difference of two texts leaves the start out."""
    return (_trace(kernel, 2 * size) - _trace(kernel, size)) / size


def _trace(kernel, size):
    with tempfile.NamedTemporaryFile("rb") as log:
        binary = _BUILD / _TARGET / "release" / "write_text"
        command = [*_EMULATOR, "-d", "nochain,exec", "-D", log.name, binary, kernel, str(size)]
        subprocess.run(command, env={**os.environ, **_SINGLE_STEPS}, check=True)
        return sum(line.startswith(b"Trace") for line in log)


if __name__ == "__main__":
    sys.exit(main())
