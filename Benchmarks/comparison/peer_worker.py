"""Runs a peer at the pace of its standard input: `peer_worker.py KIND THREADS`.

A line that holds a case as JSON prepares it; a line that holds a number takes that many timed runs of it. Each is
answered by a line of JSON, as is the start.
"""

import gc
import json
import statistics
import sys
import time

from cases import Case


def peer(kind, threads):
    if kind == "torch":
        from torch_attention import TorchAttention
        return TorchAttention(threads)
    from onnx_attention import OnnxAttention
    return OnnxAttention(threads)


def timed(run):
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    del result
    return seconds


def main():
    engine = peer(sys.argv[1], int(sys.argv[2]))
    print(json.dumps({"version": engine.version}), flush=True)
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        if isinstance(request, dict):
            # The last case's tensors go before the next one's come.
            run = None
            gc.collect()
            method, run = engine.prepare(Case(**request))
            answer = {"method": method}
        else:
            seconds = [timed(run) for _ in range(request)]
            answer = {
                "runs": request, "seconds_min": min(seconds), "seconds_median": statistics.median(seconds)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
