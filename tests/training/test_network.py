"""What is shipped can be taught on: the same network, back in PyTorch."""

import numpy as np
import pytest

from grader.engine.reader import Reader as ShippedReader
from grader.records import VERDICTS
from grader.resources import model_folder

ANSWER = "Ice floats, since water expands when it freezes."
CLAIMS = ["Water expands on freezing.", "Ice sinks in water.", "Salt lowers the freezing point."]


def test_the_shipped_network_says_the_same_in_pytorch():
    torch = pytest.importorskip("torch")
    from training.export_encoder import source_folder
    from training.reader.batches import Asked, Reading, collate, encode
    from training.reader.general import plain_tokenizer
    from training.reader.network import CLASSES, shipped

    folder = model_folder("reader")
    reading = Reading(ANSWER, tuple(Asked(claim, 0) for claim in CLAIMS))
    batch = collate(encode(plain_tokenizer(source_folder()), [reading]))
    network = shipped(folder / "onnx" / "model.onnx").eval()
    with torch.no_grad():
        logits, _, _ = network(batch.ids, batch.positions, batch.segments, len(CLAIMS))
    here = logits[0].softmax(-1).numpy()[:, [CLASSES.index(v) for v in VERDICTS]]
    assert np.allclose(here, ShippedReader(folder).read(ANSWER, CLAIMS), atol=1e-4)
