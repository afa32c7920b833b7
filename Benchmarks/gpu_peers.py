#!/usr/bin/env python3
"""Times flash attention beside PyTorch's fused kernels on the GPU of this machine.

The peers are PyTorch's scaled_dot_product_attention restricted to cuDNN and to FlashAttention-2, forward, on random
normal bf16 data. All take turns, round by round, each timed by events around calls that are queued one after the other;
the ratios are medians over the rounds. Prints a Markdown table with the project's targets.

PyTorch with CUDA is expected to be there; nothing is installed. Exits with 69 where it is not, or no GPU is.
"""

import argparse
import sys
from pathlib import Path

from comparison.gpu_problems import decoding_problems, forward_problems, parsed, quick_problems

HERE = Path(__file__).resolve().parent


def problem(text):
    try:
        return parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parsed_arguments():
    summary, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flash", type=Path, metavar="PATH", help="the tool (default: built from this package)")
    parser.add_argument("--shapes", type=problem, nargs="+", metavar="B,Hq,Hkv,Sq,Sk,D,Dv[:causal]",
                        help="the problems (default: 16k tokens a batch, and decoding)")
    parser.add_argument("--rounds", type=int, default=7, help="the rounds of each problem (default: 7)")
    parser.add_argument("--seconds", type=float, default=540, help="no problem begins after so long (default: 540)")
    parser.add_argument("--device", type=int, default=0, help="the position of the GPU (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured to a file")
    parser.add_argument("--quick", action="store_true", help="two small problems, two rounds: does it work")
    parser.add_argument("--self-test", action="store_true", help="check what needs no GPU, and nothing else")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.device < 0:
        parser.error("--rounds: expected at least 1; --device: expected at least 0")
    return arguments


def refusal(device):
    """Why the peers cannot run here, in one line; None where they can."""
    try:
        import torch
        from torch.nn.attention import SDPBackend
    except ImportError as error:
        return f"PyTorch is missing or too old: {error}"
    if not hasattr(SDPBackend, "CUDNN_ATTENTION"):
        return f"PyTorch {torch.__version__} has no cuDNN attention"
    if not torch.cuda.is_available():
        return f"PyTorch {torch.__version__} sees no GPU"
    if device >= torch.cuda.device_count():
        return f"PyTorch sees {torch.cuda.device_count()} GPUs, and --device is {device}"
    return None


def main():
    arguments = parsed_arguments()
    if arguments.self_test:
        from comparison.gpu_self_test import run as check

        check()
        return 0
    if reason := refusal(arguments.device):
        print(f"gpu_peers: {reason}", file=sys.stderr)
        return 69
    from comparison import environment
    from comparison.gpu_run import run

    problems = arguments.shapes or forward_problems() + decoding_problems()
    if arguments.quick:
        problems = arguments.shapes or quick_problems()
        arguments.rounds = min(arguments.rounds, 2)
    return run(arguments.flash or environment.build(HERE.parent), problems, arguments)


if __name__ == "__main__":
    sys.exit(main())
