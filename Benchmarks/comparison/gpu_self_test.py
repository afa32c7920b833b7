"""Checks of what needs neither a GPU nor PyTorch."""

from .gpu_problems import (Problem, Row, decoding_problems, forward_problems, input_sets, parsed, quick_problems,
                           summary, table)


def run():
    """Raises AssertionError where something is not as it should be."""
    _parsing()
    _counting()
    _grids()
    _judging()
    print("gpu_peers: parsing, counting, shapes and judgement are as they should be")


def _parsing():
    assert parsed("1,8,2,1,64,128,128") == Problem(1, 8, 2, 1, 64, 128)
    assert parsed("1,8,8,64,64,128,128:causal") == Problem(1, 8, 8, 64, 64, 128, causal=True)
    for text in ("", "1,2,3", "1,8,8,64,64,128,64", "1,8,3,64,64,64,64", "1,8,8,64,64,64,x", "0,8,8,64,64,64,64",
                 "1,8,8,64,64,64,64:window", "1,8,8,1,64,64,64:causal"):
        try:
            parsed(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was taken for a problem")


def _counting():
    causal = parsed("2,4,4,128,128,64,64:causal")
    assert causal.operations == 2 * 2 * 4 * 128 * 128 * 64
    decoding = parsed("2,8,2,1,1000,64,64")
    assert decoding.bytes == 2 * 2 * 2 * 1000 * 64 * 2 + 2 * 2 * 8 * 64 * 2 + 2 * 8 * 4
    assert (decoding.unit, causal.unit) == ("GB/s", "TFLOP/s")
    assert decoding.rate(1e-3) == decoding.bytes / 1e6
    assert [input_sets(size, 50) for size in (101, 100, 10, 0)] == [1, 2, 11, 64]


def _grids():
    forward = forward_problems()
    assert len(set(forward)) == len(forward) == 36
    assert all(problem.batch * problem.query_length == 16384 for problem in forward)
    assert all(problem.query_heads * problem.dimension == 2048 for problem in forward)
    assert len(set(decoding_problems())) == 12
    for problem in forward + decoding_problems() + quick_problems():
        assert parsed(f"{problem.shape}:{problem.mask}") == problem


def _judging():
    def row(dimension, **seconds):
        return Row(Problem(1, 8, 8, 64, 64, dimension), seconds, {})

    # Medians of the rounds' ratios, not ratios of medians.
    fast = row(128, flash=[1.0, 2.0, 4.0], cudnn=[1.1, 2.2, 4.4], fa2=[2.0, 2.0, 2.0])
    assert abs(fast.ratio("cudnn") - 1.1) < 1e-12 and fast.is_met("cudnn") is True
    assert fast.ratio("fa2") == 1.0 and fast.is_met("fa2") is False
    assert row(64, flash=[1.0], cudnn=[0.91]).is_met("cudnn") is True
    assert row(128, flash=[1.0], cudnn=[0.91]).is_met("cudnn") is False
    assert row(96, flash=[1.0], cudnn=[2.0]).is_met("cudnn") is None
    assert row(128, flash=[1.0]).is_met("fa2") is None and row(128).ratio("cudnn") is None
    decoding = Row(parsed("1,8,2,1,64,128,128"), {"flash": [1.0], "cudnn": [2.0]}, {"fa2": "no such kernel"})
    assert decoding.ratio("cudnn") == 2.0 and decoding.is_met("cudnn") is None
    text = summary([fast, decoding])
    assert text.splitlines() == [
        "1 targets met, 1 not", "not met: 1,8,8,64,64,128,128 full: 1.00 × FlashAttention-2, wanted 1.6",
        "not run: 1,8,2,1,64,128,128 full: fa2: no such kernel"]
    lines = table([fast, decoding]).splitlines()
    assert len(lines) == 4 and "1.10 ✓" in lines[2] and "1.00 ✗ (1.6)" in lines[2] and "–" in lines[3]
    assert fast.json()["met"] == {"cudnn": True, "fa2": False} and decoding.json()["not_run"]
