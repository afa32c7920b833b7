"""What the machine can do at most, as `flash peak` measures it in the same run."""

from .engines import peak


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
            seen = peak(self._flash, count, self._isa)
            rates = {"fma": seen["fma_gflops"], "bf16_dot": seen["bf16_dot_gflops"],
                     **seen["read_gigabytes_per_second"]}
            rates |= {f"fma_{isa}": peak(self._flash, count, isa)["fma_gflops"] for isa in self.other_isas}
            for name, rate in rates.items():
                if rate is not None:
                    known[name] = max(known.get(name, 0.0), rate * 1e9)

    def arithmetic(self, row):
        """The ceiling of the instructions that a row's kernels multiply with, and its name."""
        rates = self.by_threads[row.threads]
        if row.case.dtype == "bf16" and row.isa == "avx512bf16":
            return rates["bf16_dot"], "bf16 dot products"
        return rates.get(f"fma_{row.isa}", rates["fma"]), "multiply-adds"

    def roof(self, row):
        """The least of arithmetic and memory at the case's intensity, in operations a second, and its name."""
        arithmetic, name = self.arithmetic(row)
        memory = self.by_threads[row.threads]["memory"] * row.case.intensity
        return (memory, "main memory") if memory < arithmetic else (arithmetic, name)

    def share(self, row):
        """What part of its roof a row reaches; where plain reading took turns with it, what part of that."""
        if self.roof(row)[1] == "main memory" and "reading" in row.contenders:
            return row.ratio("reading")
        return row.case.operations / row.flash.seconds / self.roof(row)[0]
