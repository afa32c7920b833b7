"""Turn-taking: all programs on one case, round by round, in one stretch of time."""

import statistics
import sys
import time
from dataclasses import dataclass, field

from .cases import Case
from .engines import PEER_CASES, Flash, Roof


@dataclass
class Pace:
    """How long things may take."""

    rounds: int
    # What a turn takes at least; fast cases run several times in a turn, and its median counts.
    turn_seconds: float
    # What the rounds of a case take together, where `rounds` of them would take longer.
    case_seconds: float

    def rounds_of(self, seconds_per_round):
        if seconds_per_round > 2 * self.case_seconds:
            return 1
        return max(2, min(self.rounds, int(self.case_seconds / seconds_per_round)))


@dataclass
class Contender:
    """One program on one case with one number of threads."""

    role: str
    threads: int
    case: Case
    engine: object
    method: str = ""
    runs: int = 1
    seconds_per_turn: float = 0.0
    medians: list = field(default_factory=list)
    minima: list = field(default_factory=list)

    def warm_up(self, pace):
        start = time.monotonic()
        seconds = self.engine.turn(1)["seconds_median"]
        if isinstance(self.engine, Roof):
            self.seconds_per_turn = time.monotonic() - start
            return
        if seconds < pace.turn_seconds:
            seconds = self.engine.turn(3)["seconds_median"]
        self.runs = max(1, min(int(pace.turn_seconds / seconds), 5000))
        self.seconds_per_turn = self.runs * seconds

    def take_turn(self):
        # Threads of the program before may still spin.
        time.sleep(0.02)
        turn = self.engine.turn(self.runs)
        self.medians.append(turn["seconds_median"])
        self.minima.append(turn["seconds_min"])

    def rates(self):
        return [self.case.operations / seconds for seconds in self.medians]

    @property
    def seconds(self):
        return statistics.median(self.medians)


@dataclass
class Row:
    """What was measured of one case with one number of threads."""

    case: Case
    threads: int
    isa: str
    extra_bytes: int
    # The programs by role: flash, companion and the peers.
    contenders: dict
    # Flash with one thread on the same case, in the same rounds.
    single: Contender | None

    @property
    def flash(self):
        return self.contenders["flash"]

    def ratio(self, role):
        """How many times as fast as another program flash is: the median over the rounds; None without that program."""
        return rate_ratio(self.flash, self.contenders.get(role))

    @property
    def speedup(self):
        return rate_ratio(self.flash, self.single) if self.threads > 1 else None


def rate_ratio(first, second):
    if second is None:
        return None
    return statistics.median(mine / other for mine, other in zip(first.rates(), second.rates()))


def measure(group, case, threads, flash, isa, peers, pace):
    """Lets all programs take turns on a case and returns a row for each number of threads."""
    counts = threads[-1:] if group.only_all_threads else threads
    contenders = []
    try:
        for count in counts:
            contenders.append(Contender("flash", count, case, Flash(flash, case, count, isa)))
            used = contenders[-1].engine.facts["isa"]
            if group.targets.has_share(used):
                contenders.append(Contender("roof", count, case, Roof(flash, case, count, used)))
            companion = group.companion(case)
            if companion:
                contenders.append(Contender("companion", count, companion, Flash(flash, companion, count, isa)))
            for peer in peers if group.has_peers else []:
                if peer.threads == count and PEER_CASES[peer.kind](case):
                    contenders.append(Contender(peer.kind, count, case, peer, method=peer.prepare(case)))
        for contender in contenders:
            contender.warm_up(pace)
        rounds = pace.rounds_of(sum(contender.seconds_per_turn for contender in contenders))
        for index in range(rounds):
            # There and back, so that nobody always follows the same program.
            for contender in contenders if index % 2 == 0 else reversed(contenders):
                contender.take_turn()
    finally:
        for contender in contenders:
            if isinstance(contender.engine, Flash):
                contender.engine.end()
    by_count = {count: {c.role: c for c in contenders if c.threads == count} for count in counts}
    rows = [
        Row(case, count, roles["flash"].engine.facts["isa"], roles["flash"].engine.facts["extra_bytes"], roles,
            by_count.get(1, {}).get("flash"))
        for count, roles in by_count.items()
    ]
    for row in rows:
        others = "".join(
            f", {row.ratio(role):.2f} × {role}" + (f" ({contender.method})" if contender.method else "")
            for role, contender in row.contenders.items() if role != "flash")
        print(f"{case.name}, threads {row.threads}, rounds {rounds}: {row.flash.seconds * 1e3:.3g} ms{others}",
              file=sys.stderr, flush=True)
    return rows
