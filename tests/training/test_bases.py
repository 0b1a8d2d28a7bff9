"""Pre-trained networks are read rightly: what they say here is what they say at home."""

import pytest

SENTENCE = "High variance means that the model follows the noise."


def test_all_minilm_gives_the_vectors_that_transformers_gets_of_it():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from training.export_encoder import source_folder
    from training.reader.bases import minilm
    from training.reader.general import plain_tokenizer

    ids = torch.tensor([plain_tokenizer(source_folder()).encode(SENTENCE).ids])
    reader = minilm(source_folder()).eval()
    with torch.no_grad():
        there = transformers.AutoModel.from_pretrained(source_folder())(
            input_ids=ids, token_type_ids=torch.ones_like(ids)
        )
        places = torch.arange(ids.shape[1])[None]
        here = reader.tokens(reader.words(ids), places, torch.zeros_like(ids))
    assert torch.allclose(here, there.last_hidden_state, atol=1e-5)


def test_relative_positions_fall_into_mpnets_buckets():
    torch = pytest.importorskip("torch")
    mpnet = pytest.importorskip("transformers.models.mpnet.modeling_mpnet")
    from training.reader.network import bucket

    apart = torch.arange(-300, 301)
    assert bucket(apart, 32).tolist() == mpnet.MPNetEncoder.relative_position_bucket(apart).tolist()
