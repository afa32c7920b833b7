"""Programs that take turns: each a child process that prepares a case once and runs it whenever it is told to."""

import json
import subprocess
import sys
from pathlib import Path


class EngineFailure(Exception):
    pass


class Child:
    """A process that answers each line with a line of JSON."""

    def __init__(self, command):
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, line):
        self.process.stdin.write(f"{line}\n")
        return self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise EngineFailure(f"no answer from: {' '.join(self.command)}")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Flash:
    """`flash bench --paced` on one case."""

    def __init__(self, executable, case, threads, isa):
        sizes = (case.batch, case.query_heads, case.key_heads, case.query_length, case.key_length, case.dimension,
                 case.dimension)
        self._child = Child([
            executable, "bench", "--paced", "--backend", "cpu", "--shape", ",".join(map(str, sizes)),
            "--dtype", case.dtype, "--mask", "causal" if case.causal else "full",
            "--direction", "forward-backward" if case.gradients else "forward", "--threads", threads,
            *(["--isa", isa] if isa else []),
        ])
        # What was planned: instruction set, extra memory.
        self.facts = self._child.answer()

    def turn(self, runs):
        return self._child.ask(runs)

    def end(self):
        self._child.end()


def peak_rates(executable, threads, isa):
    """What `flash peak` tells, by name; rates are in operations and bytes a second."""
    command = [executable, "peak", "--json", "--threads", str(threads), *(["--isa", isa] if isa else [])]
    seen = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rates = {"fma": seen["fma_gflops"], "bf16_dot": seen["bf16_dot_gflops"], "bf16_tile": seen["bf16_tile_gflops"],
             **seen["read_gigabytes_per_second"]}
    # An fp16 number is two bf16 numbers, and a product four.
    if rates["bf16_tile"] is not None:
        rates["fp16_tile"] = rates["bf16_tile"] / 4
    return {name: rate * 1e9 for name, rate in rates.items() if rate is not None}


class Roof:
    """What the machine can do at most on a case, as `flash peak` measures it at that moment.

    A turn's seconds are those that the case would take at its ceiling: its operations by arithmetic or its bytes by
    reading main memory, whichever takes longer.
    """

    def __init__(self, executable, case, threads, isa):
        self._peak = (executable, threads, isa)
        self._case = case
        self._arithmetic = arithmetic_rate(case, isa)

    def turn(self, runs):
        rates = peak_rates(*self._peak)
        seconds = max(self._case.operations / rates[self._arithmetic], self._case.bytes / rates["memory"])
        return {"seconds_median": seconds, "seconds_min": seconds}


def arithmetic_rate(case, isa):
    """The name of the rate at which the kernels of an instruction set multiply in a case."""
    rates = {("bf16", "avx512bf16"): "bf16_dot", ("bf16", "amx"): "bf16_tile", ("f16", "amx"): "fp16_tile"}
    return rates.get((case.dtype, isa), "fma")


def _has_onnx_kernel(case):
    """The operator has neither shared key/value heads nor gradients, and 16-bit types only for GPUs."""
    return case.dtype == "f32" and not case.causal and not case.gradients and case.query_heads == case.key_heads


# The peers by the name of their kind: what tables call them, and which cases they serve.
PEER_NAMES = {"torch": "PyTorch", "onnx": "ONNX Runtime"}
PEER_CASES = {"torch": lambda case: True, "onnx": _has_onnx_kernel}


class Peer:
    """One peer with one number of threads, for all cases; its process is worth keeping, because it is slow to start."""

    def __init__(self, kind, threads):
        self.kind = kind
        self.threads = threads
        self._child = Child([sys.executable, Path(__file__).with_name("peer_worker.py"), kind, threads])
        self.version = self._child.answer()["version"]

    def prepare(self, case):
        """Returns how the peer computes the case."""
        return self._child.ask(json.dumps(vars(case)))["method"]

    def turn(self, runs):
        return self._child.ask(runs)

    def end(self):
        self._child.end()
