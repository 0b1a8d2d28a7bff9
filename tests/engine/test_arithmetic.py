"""The processor does not decide: the encoder's graph against exact arithmetic.

The reader's computes in float32: ``test_reader``.
"""

import numpy as np
import pytest

from grader.bank.catalog import Catalog
from grader.engine.onnx_model import OnnxModel
from grader.resources import model_folder
from grader.settings import Settings

OUTPUT = "sentence_embedding"
N_TEXTS = 50

onnx = pytest.importorskip("onnx")


def test_products_are_of_unsigned_numbers_which_no_kernel_saturates():
    graph = onnx.load(model_folder("encoder") / "onnx" / "model.onnx").graph
    types = {t.name: t.data_type for t in graph.initializer}
    weights = [n.input[1] for n in graph.node if n.op_type in {"MatMulInteger", "QAttention"}]
    assert len(weights) >= 24
    assert {types[name] for name in weights} == {onnx.TensorProto.UINT8}


@pytest.mark.slow
def test_the_shipped_graph_is_what_exact_arithmetic_says():
    """A kernel that saturates is off by .021 at the median.

    What is left are values that float32 rounds to the one or the other side of a half before
    they are quantised: nothing for most texts, and then a step of one in 255.
    """
    from tests.support.exact import exact_session

    folder = model_folder("encoder")
    shipped = OnnxModel(folder, OUTPUT, threads=2)
    exact = exact_session(folder / "onnx" / "model.onnx")
    catalog = Catalog.from_settings(Settings())
    texts = [catalog.question(slug).key_points[0].claim for slug in catalog.slugs()[:N_TEXTS]]
    said = [exact.run([OUTPUT], shipped.feeds(text))[0][0] for text in texts]
    off = np.abs(shipped.run(texts) - np.array(said)).max(axis=1)
    assert np.median(off) < 0.001
    assert off.max() < 0.05
