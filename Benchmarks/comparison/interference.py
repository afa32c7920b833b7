"""How much of the machine went to others while something ran."""

import os
import resource
import time


class Interference:
    """Counts from when it was made; child processes count as own once they have ended."""

    def __init__(self):
        self._start = (time.monotonic(), *_seconds())

    def description(self):
        start, *before = self._start
        elapsed = time.monotonic() - start
        busy, stolen, own = (now - then for now, then in zip(_seconds(), before))
        others = max(busy - own, 0.0) / elapsed
        return (f"Other processes took {others:.2f} cores meanwhile, and the hypervisor {stolen / elapsed:.2f}.")


def _seconds():
    """The processor time of all processes, what the hypervisor gave to others, and the time of own processes."""
    with open("/proc/stat") as statistics:
        user, nice, system, _, _, interrupts, soft_interrupts, stolen = map(int, statistics.readline().split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    own = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        own += usage.ru_utime + usage.ru_stime
    return (user + nice + system + interrupts + soft_interrupts) / tick, stolen / tick, own
