// Whoever calls attention needs tensors to call it with.
@_exported import Tensors
