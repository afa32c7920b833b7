"""Lets flash and its peers take turns on a GPU."""

import json
import sys
import time

from .engines import EngineFailure
from .gpu_engines import GPUFlash, TorchKernel, describe
from .gpu_problems import PEER_NAMES, Row, summary, table

# What a turn takes at least, in seconds of device time.
TURN_SECONDS = 0.05

# What PyTorch raises, and what becomes of a child process that has ended.
FAILURES = (EngineFailure, RuntimeError, OSError)


def run(executable, problems, arguments):
    """Measures all problems for which there is time; returns the exit status."""
    start = time.monotonic()
    facts = describe(arguments.device)
    print(", ".join(f"{key} {value}" for key, value in facts.items()), flush=True)
    rows = []
    for problem in problems:
        if time.monotonic() - start > arguments.seconds:
            rows.append(Row(problem, {}, {"all": "the time is up"}))
        else:
            rows.append(measure(executable, problem, arguments))
            print(line(rows[-1]), file=sys.stderr, flush=True)
        if arguments.json:
            # After each problem, so that a run that is cut off has said what it found.
            arguments.json.write_text(json.dumps({**facts, "rows": [row.json() for row in rows]}, indent=1) + "\n")
    print(table(rows))
    print(summary(rows))
    return 0 if any(row.seconds.get("flash") for row in rows) else 69


def measure(executable, problem, arguments):
    row = Row(problem, {}, {})
    engines = {}
    makers = {"flash": lambda: GPUFlash(executable, problem, arguments.device)}
    makers |= {peer: lambda peer=peer: TorchKernel(peer, problem, arguments.device) for peer in PEER_NAMES}
    try:
        for program, make in makers.items():
            engine = None
            # What cannot serve a problem, or has not the memory, says so when it is made or first called.
            try:
                engine = make()
                # The first turns load kernels and raise the clock.
                engine.turn(3)
                seconds = engine.turn(10)
                engines[program] = (engine, max(5, min(int(TURN_SECONDS / seconds), 500)))
            except FAILURES as failure:
                row.refusals[program] = reason(failure)
                if engine:
                    engine.end()
        if "flash" in engines:
            row.kernel = engines["flash"][0].facts["kernel"]
        row.seconds = {program: [] for program in engines}
        for index in range(arguments.rounds):
            # There and back, so that nobody always follows the same program.
            for program in engines if index % 2 == 0 else reversed(engines):
                engine, runs = engines[program]
                row.seconds[program].append(engine.turn(runs))
    except FAILURES as failure:
        row.refusals["rounds"] = reason(failure)
        rounds = min((len(seconds) for seconds in row.seconds.values()), default=0)
        row.seconds = {program: seconds[:rounds] for program, seconds in row.seconds.items()}
    finally:
        for engine, _ in engines.values():
            engine.end()
    return row


def reason(failure):
    """The first line of what a failure says."""
    return (str(failure) or type(failure).__name__).splitlines()[0]


def line(row):
    """A problem in a line of a log."""
    rates = [f"{program} {row.median_rate(program):.4g}" for program in row.seconds if row.seconds[program]]
    ratios = [f"{row.ratio(peer):.2f} × {peer}" for peer in PEER_NAMES if row.ratio(peer) is not None]
    refusals = [f"{program} not run: {reason}" for program, reason in row.refusals.items()]
    return f"{row.problem.name}: {', '.join([*rates, *ratios, *refusals])} ({row.problem.unit})"
