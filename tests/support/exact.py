"""The shipped graphs in exact arithmetic: ONNX's own reference evaluator and five operators.

Products of integers are taken in float64, where sums of up to 2**53 are exact, so that no
kernel can saturate; everything else is NumPy's float32.
"""

import math

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

_erf = np.vectorize(math.erf, otypes=[np.float32])


def _integer_product(a, b, a_zero, b_zero):
    a = a.astype(np.float64) - np.float64(a_zero)
    b = b.astype(np.float64) - b_zero.astype(np.float64)
    return a @ b


def _layer_norm(x, weight, bias, epsilon):
    x = x - x.mean(-1, keepdims=True)
    return (x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight + bias).astype("f4")


class MatMulInteger(OpRun):
    def _run(self, a, b, a_zero, b_zero):
        return (_integer_product(a, b, a_zero, b_zero).astype(np.int32),)


class DequantizeLinear(OpRun):
    def _run(self, x, scale, zero, **_):
        return ((x.astype(np.float32) - np.float32(zero)) * scale,)


class QAttention(OpRun):
    op_domain = "com.microsoft"

    def _run(self, x, w, bias, x_scale, w_scale, mask, x_zero, w_zero, *_, num_heads, **__):
        assert mask.min() == x.shape[1], "texts are run alone, so that nothing is masked"
        product = _integer_product(x, w, x_zero, w_zero)
        qkv = (product * np.float64(x_scale) * w_scale + bias).astype(np.float32)
        batch, length, width = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
        q, k, v = (
            part.reshape(batch, length, num_heads, -1).transpose(0, 2, 1, 3)
            for part in np.split(qkv, 3, axis=-1)
        )
        scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(np.float32(width // num_heads))
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        return ((weights @ v).transpose(0, 2, 1, 3).reshape(batch, length, width),)


class SkipLayerNormalization(OpRun):
    op_domain = "com.microsoft"

    def _run(self, x, skip, weight, beta, bias, epsilon):
        return (_layer_norm(x + skip + bias, weight, beta, epsilon),)


class BiasGelu(OpRun):
    op_domain = "com.microsoft"

    def _run(self, x, bias):
        x = x + bias
        return ((x * (1 + _erf(x / np.sqrt(np.float32(2)))) / 2).astype(np.float32),)


OPERATORS = [MatMulInteger, DequantizeLinear, QAttention, SkipLayerNormalization, BiasGelu]


def exact_session(file):
    """A graph to be run by ``run(outputs, feeds)``, slowly and exactly."""
    return ReferenceEvaluator(onnx.load(file), new_ops=OPERATORS)
