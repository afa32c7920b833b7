"""The programs that take turns on a GPU: `flash gpu-check --paced`, and PyTorch's two fused kernels."""

import contextlib
import statistics

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from .engines import Child
from .gpu_problems import input_sets

BACKENDS = {"cudnn": SDPBackend.CUDNN_ATTENTION, "fa2": SDPBackend.FLASH_ATTENTION}


class GPUFlash:
    """`flash gpu-check --paced` on one problem."""

    def __init__(self, executable, problem, device):
        self._child = Child([executable, "gpu-check", "--paced", "--device", device, "--shape", problem.shape,
                             "--mask", problem.mask])
        # Kernel, errors against fp64.
        self.facts = self._child.answer()

    def turn(self, runs):
        return self._child.ask(runs)["seconds_median"]

    def end(self):
        # Where it has ended by itself, there is no pipe left to close.
        with contextlib.suppress(OSError):
            self._child.end()


class TorchKernel:
    """PyTorch's scaled_dot_product_attention, restricted to one of its kernels, on random normal bf16 tensors."""

    def __init__(self, peer, problem, device):
        self._backend = BACKENDS[peer]
        self._device = torch.device("cuda", device)
        self._options = {"is_causal": problem.causal, "enable_gqa": problem.query_heads != problem.key_heads}
        cache = torch.cuda.get_device_properties(self._device).L2_cache_size

        def tensor(heads, length):
            return torch.randn(problem.batch, heads, length, problem.dimension, dtype=torch.bfloat16,
                               device=self._device)

        self._sets = [
            (tensor(problem.query_heads, problem.query_length), tensor(problem.key_heads, problem.key_length),
             tensor(problem.key_heads, problem.key_length))
            for _ in range(input_sets(problem.bytes, cache))
        ]
        self._next = 0

    def turn(self, runs):
        """The median of the device's times, between events around each call, all queued before any is waited for."""
        events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(runs)]
        with torch.cuda.device(self._device), torch.no_grad(), sdpa_kernel([self._backend]):
            for start, end in events:
                inputs = self._sets[self._next]
                self._next = (self._next + 1) % len(self._sets)
                start.record()
                scaled_dot_product_attention(*inputs, **self._options)
                end.record()
            torch.cuda.synchronize()
        return statistics.median(start.elapsed_time(end) / 1000 for start, end in events)

    def end(self):
        self._sets = []
        torch.cuda.empty_cache()


def describe(device):
    """What the peers are."""
    return {
        "device": torch.cuda.get_device_name(device), "torch": torch.__version__, "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }
