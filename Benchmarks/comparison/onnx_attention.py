"""ONNX Runtime's MultiHeadAttention, a contributed operator whose CPU kernel is flash attention for fp32."""

import numpy
import onnxruntime
from onnx import TensorProto, helper

DOMAIN = "com.microsoft"


class OnnxAttention:
    def __init__(self, threads):
        self.version = onnxruntime.__version__
        self._options = onnxruntime.SessionOptions()
        self._options.intra_op_num_threads = threads
        self._options.inter_op_num_threads = 1
        # Its threads spin while they wait for work; they must not do so during other programs' turns.
        self._options.add_session_config_entry("session.force_spinning_stop", "1")

    def prepare(self, case):
        """How the case is computed, and a function that computes it once."""
        session = onnxruntime.InferenceSession(
            model(case.query_heads).SerializeToString(), self._options, providers=["CPUExecutionProvider"])
        # Bound once, so that nothing is copied on the way in and out. The binding does not own what it refers to.
        binding = session.io_binding()
        inputs = []
        lengths = {"query": case.query_length, "key": case.key_length, "value": case.key_length}
        generator = numpy.random.default_rng(0)
        for name, length in lengths.items():
            shape = (case.batch, length, case.query_heads * case.dimension)
            tensor = generator.standard_normal(shape, dtype=numpy.float32)
            inputs.append(onnxruntime.OrtValue.ortvalue_from_numpy(tensor))
            binding.bind_ortvalue_input(name, inputs[-1])
        binding.bind_output("output", "cpu")

        def run(owned=inputs):
            session.run_with_iobinding(binding)
            return binding.get_outputs()

        return "MultiHeadAttention", run


def model(heads):
    """A model of one operator on [B, S, H · D]."""
    def info(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", f"{name}_length", "hidden"])

    node = helper.make_node(
        "MultiHeadAttention", ["query", "key", "value"], ["output"], domain=DOMAIN, num_heads=heads)
    graph = helper.make_graph([node], "attention", [info("query"), info("key"), info("value")], [info("output")])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)
