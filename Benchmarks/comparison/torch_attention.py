"""PyTorch's scaled_dot_product_attention, which on a CPU runs its flash kernels."""

import time
from dataclasses import replace

import torch
from torch.nn.functional import scaled_dot_product_attention

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class TorchAttention:
    def __init__(self, threads):
        torch.set_num_threads(threads)
        self.version = torch.__version__.split("+")[0]

    def prepare(self, case):
        """How the case is computed, and a function that computes it once."""
        name = fastest_method(case)
        return name, Problem(case).runner(methods(case)[name])


class Problem:
    """The tensors of a case."""

    def __init__(self, case):
        def tensor(heads, length, needs_gradient):
            return torch.randn(
                case.batch, heads, length, case.dimension, dtype=DTYPES[case.dtype], requires_grad=needs_gradient)

        self._inputs = (tensor(case.query_heads, case.query_length, case.gradients),
                        *(tensor(case.key_heads, case.key_length, case.gradients) for _ in range(2)))
        self._output_gradient = tensor(case.query_heads, case.query_length, False) if case.gradients else None

    def output(self, attention):
        with torch.inference_mode():
            return attention(*self._inputs)

    def runner(self, attention):
        """A function that computes once what the case asks for by a function of Q, K and V."""
        if self._output_gradient is None:
            return lambda: self.output(attention)
        return lambda: torch.autograd.grad(attention(*self._inputs), self._inputs, self._output_gradient)


def fastest_method(case):
    """The name of the fastest way to compute a case, of those that all give the same output."""
    if len(methods(case)) == 1:
        return next(iter(methods(case)))
    # Gradients may take half a minute and copies of a long cache gigabytes, so the choice is made on shorter sequences.
    sample = replace(case, key_length=min(case.key_length, 16384))
    if case.gradients:
        sample = replace(case, query_length=case.query_length // 4, key_length=case.key_length // 4)
    problem = Problem(sample)
    expected, times = None, {}
    for name, attention in methods(sample).items():
        output = problem.output(attention)
        expected = output if expected is None else expected
        if not torch.allclose(output.float(), expected.float(), rtol=0.02, atol=0.02):
            raise ValueError(f"PyTorch computes something else with {name}")
        del output
        run = problem.runner(attention)
        run()
        start = time.perf_counter()
        run()
        times[name] = time.perf_counter() - start
    return min(times, key=times.get)


def methods(case):
    """The ways to compute a case by name, each a function of Q, K and V."""
    if case.query_heads == case.key_heads:
        return {"plain": lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=case.causal)}
    group = case.query_heads // case.key_heads
    folded = case.batch * case.key_heads

    def expanded(q, k, v):
        # Every key/value head becomes an element of the batch, seen by the heads of its group without a copy.
        def seen(x):
            return x.reshape(folded, 1, case.key_length, case.dimension).expand(-1, group, -1, -1)

        queries = q.reshape(folded, group, case.query_length, case.dimension)
        return scaled_dot_product_attention(queries, seen(k), seen(v), is_causal=case.causal).view(q.shape)

    def stacked(q, k, v):
        # Without a mask, the queries of a group may stand one after the other in one head.
        queries = q.reshape(case.batch, case.key_heads, group * case.query_length, case.dimension)
        return scaled_dot_product_attention(queries, k, v).view(q.shape)

    ways = {
        "enable_gqa": lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=case.causal, enable_gqa=True),
        "expanded views": expanded,
    }
    return ways if case.causal else {**ways, "stacked queries": stacked}
