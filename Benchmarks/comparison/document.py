"""The figures in docs/performance.md."""

import platform
from datetime import date

BEGIN = "<!-- figures: written by Benchmarks/compare --document -->"
END = "<!-- end of figures -->"


def machine_description(machine, versions):
    """The machine and the programs, in a paragraph."""
    processor = machine["processor"]
    usable = [entry["name"] for entry in machine["instruction_sets"] if entry["usable"]]
    caches = ", ".join(
        f"{processor[f'level{level}_cache_bytes'] // 1024} KiB level {level}" for level in (1, 2, 3))
    programs = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (f"Measured on {date.today().isoformat()} on {processor['cores']} cores of an "
            f"{processor['model'] or 'unknown processor'} ({platform.machine()}), caches of {caches}, "
            f"{processor['memory_bytes'] / 2**30:.0f} GiB of memory; instruction sets: {', '.join(usable)}; "
            f"flash {machine['version']} beside {programs}, on {platform.system()} {platform.release().split('-')[0]}.")


def rewrite(package, report, drawing):
    """Puts a report in the place of the last one, and the drawing beside it."""
    page = package / "docs" / "performance.md"
    before, found_begin, rest = page.read_text().partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found_begin or not found_end:
        raise SystemExit(f"compare: {page.name} lacks the comments that mark its figures")
    (package / "docs" / "roofline.svg").write_text(drawing)
    picture = "![A roofline: the measured programs below the ceilings of arithmetic and memory](roofline.svg)"
    page.write_text(f"{before}{BEGIN}\n\n{report}\n\n{picture}\n\n{END}{after}")
