"""What the machine can do at most, as `flash peak` measures it in the same run."""

from .engines import arithmetic_rate, peak_rates

RATE_NAMES = {"fma": "multiply-adds", "bf16_dot": "bf16 dot products", "bf16_tile": "bf16 tile products",
              "fp16_tile": "fp16 products as four of bf16 tiles"}


class Ceilings:
    """The greatest rates seen so far, by number of threads; rates are in operations and bytes a second."""

    def __init__(self, flash, threads, isa, other_isas):
        self._flash = flash
        self._isa = isa
        # Instruction sets that single groups run with; only their arithmetic counts.
        self.other_isas = other_isas
        self.by_threads = {count: {} for count in threads}

    def measure(self):
        """Measures again; whatever else runs on the machine can only lower a rate."""
        for count, known in self.by_threads.items():
            rates = peak_rates(self._flash, count, self._isa)
            rates |= {f"fma_{isa}": peak_rates(self._flash, count, isa)["fma"] for isa in self.other_isas}
            for name, rate in rates.items():
                known[name] = max(known.get(name, 0.0), rate)

    def arithmetic(self, row):
        """The ceiling of the instructions that a row's kernels multiply with, and its name."""
        rates = self.by_threads[row.threads]
        name = arithmetic_rate(row.case, row.isa)
        return rates.get(f"{name}_{row.isa}", rates[name]), RATE_NAMES[name]

    def roof(self, row):
        """The least of arithmetic and memory at the case's intensity, in operations a second, and its name."""
        arithmetic, name = self.arithmetic(row)
        memory = self.by_threads[row.threads]["memory"] * row.case.intensity
        return (memory, "main memory") if memory < arithmetic else (arithmetic, name)

    def share(self, row):
        """What part of its roof a row reaches; where the roof took turns with it, what part of that."""
        share = row.ratio("roof")
        return row.case.operations / row.flash.seconds / self.roof(row)[0] if share is None else share
