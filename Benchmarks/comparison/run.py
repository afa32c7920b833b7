"""The comparison from its arguments to its tables, files and drawing."""

import json
import subprocess
import sys
from datetime import date

from . import document, environment, roofline, tables
from .cases import groups
from .ceilings import Ceilings
from .engines import PEER_NAMES, EngineFailure, Peer
from .interference import Interference
from .judgement import figures
from .measurement import Pace, measure


def run(package, arguments):
    flash = environment.build(package)
    machine = json.loads(subprocess.run([flash, "info", "--json"], check=True, capture_output=True, text=True).stdout)
    threads = sorted(set(arguments.threads or [1, machine["processor"]["cores"]]))
    pace = Pace(rounds=3, turn_seconds=0.05, case_seconds=3.0) if arguments.quick else Pace(
        rounds=arguments.rounds, turn_seconds=0.2, case_seconds=10.0)
    chosen = [group for group in groups(arguments.quick)
              if (not arguments.only or group.name in arguments.only) and _serves(group, machine, arguments.isa)]
    interference = Interference()
    ceilings = Ceilings(flash, threads, arguments.isa, sorted({group.isa for group in chosen if group.isa}))
    ceilings.measure()
    measured, peers = [], []
    try:
        for count in threads:
            peers += [Peer(kind, count) for kind in PEER_NAMES]
        for group in chosen:
            rows = [
                row for case in group.cases
                for row in measure(group, case, threads, flash, group.isa or arguments.isa, peers, pace)
            ]
            measured.append((group, rows))
            ceilings.measure()
    except EngineFailure as failure:
        print(f"compare: {failure}", file=sys.stderr)
        return 1
    finally:
        for peer in peers:
            peer.end()
    versions = {PEER_NAMES[peer.kind]: peer.version for peer in peers}
    refusals = {entry["name"]: entry["reason"] for entry in machine["instruction_sets"]}
    report = "\n\n".join([
        f"{document.machine_description(machine, versions)} {interference.description()}",
        tables.ceilings_table(ceilings),
        *[tables.group_table(group, rows, ceilings, refusals) for group, rows in measured],
        "### Targets", tables.summary_table(measured, ceilings),
    ])
    print(report)
    drawing = roofline.svg(measured, ceilings, machine["processor"]["model"])
    if arguments.svg:
        arguments.svg.write_text(drawing)
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(machine, versions, ceilings, measured), indent=1) + "\n")
    if arguments.document:
        document.rewrite(package, report, drawing)
    return 0


def _serves(group, machine, isa):
    """Whether a group says something that the others do not: its instruction set is there, and not the one of all."""
    usable = [entry["name"] for entry in machine["instruction_sets"] if entry["usable"]]
    return group.isa is None or (group.isa in usable and group.isa != (isa or usable[-1]))


def as_json(machine, versions, ceilings, measured):
    """Everything that was measured; times are in seconds, rates in operations and bytes a second."""
    return {
        "date": date.today().isoformat(), "machine": machine, "versions": versions, "ceilings": ceilings.by_threads,
        "rows": [
            {
                "group": group.name, **vars(row.case), "threads": row.threads, "isa": row.isa,
                "operations": row.case.operations, "bytes": row.case.bytes, "roof": ceilings.roof(row)[1],
                "programs": {
                    role: {"method": contender.method, "runs_a_turn": contender.runs, "medians": contender.medians,
                           "minima": contender.minima}
                    for role, contender in row.contenders.items()
                },
                "figures": {
                    name: {"value": figure.value, "bound": figure.bound, "met": figure.is_met}
                    for name, figure in figures(group, row, ceilings).items()
                },
            }
            for group, rows in measured for row in rows
        ],
    }
