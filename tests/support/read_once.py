"""What a network makes of a text is worked out once in a run of the tests, and kept for the rest.

It is a function of the text and of the network's files alone, which ``tests/engine`` hold without
this. Processes that are forked (``tests.support.forked``) share what is kept, and so do pytest's
workers: a folder that an environment variable names. Without the variable all is worked out.
"""

import hashlib
import os
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np

from grader.engine.onnx_model import OnnxModel
from grader.engine.reader import Reader

FOLDER = "READ_ONCE"


def install():
    """Keep what encoder, pairs and reader find."""
    _keep(OnnxModel, "_row", lambda encoding: (encoding.ids, encoding.type_ids))
    _keep(Reader, "_run", lambda answer, claims: (answer, claims))


def _keep(network, method, read):
    load, work_out = network.__init__, getattr(network, method)

    def __init__(self, folder, *args, **options):  # noqa: N807
        load(self, folder, *args, **options)
        graph = (Path(folder) / "onnx" / "model.onnx").stat()
        self.read_once = f"{folder} {graph.st_size} {graph.st_mtime_ns}"

    def kept(self, *inputs):
        if FOLDER not in os.environ:
            return work_out(self, *inputs)
        key = hashlib.sha256(repr((self.read_once, *read(*inputs))).encode()).hexdigest()
        file = Path(os.environ[FOLDER], key)
        if file.exists():
            return np.load(BytesIO(file.read_bytes()))
        found = work_out(self, *inputs)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as aside:
            np.save(aside, found)
        Path(aside.name).replace(file)
        return found

    network.__init__ = __init__
    setattr(network, method, kept)
