"""Which engine runs a model, what is said of it, and what eight bits and few cores change."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from collections_app import encoders
from collections_app.encoders import conversion, cores, engines, folder, texts, verdict
from collections_app.encoders.engines import ONNX, OPENVINO, candidates
from collections_app.encoders.int8 import rounded
from tests.collections_app.test_encoders import MINILM, REF, changed, copied, cosines, python

__all__ = ["copied"]  # the fixture

INT8 = replace(MINILM, precision="int8")


# --- which engine ---------------------------------------------------------------------


def test_openvino_is_tried_before_onnxruntime_and_eight_bits_only_there():
    assert candidates("auto", "auto") == [OPENVINO, ONNX]
    assert candidates("auto", "int8") == [OPENVINO]
    assert candidates("onnxruntime", "auto") == [ONNX]
    assert candidates("torch", "auto") == []


def test_without_openvino_it_is_onnxruntime(monkeypatch):
    absent = replace(OPENVINO, package="no_such_package")
    monkeypatch.setattr(engines, "FAST", (absent, ONNX))
    assert candidates("auto", "auto") == [ONNX]


def test_an_engine_that_differs_from_torch_is_passed_over_and_the_next_is_taken(
    tmp_path, monkeypatch
):
    def run(spec, model, into, engine):
        (into / engine.file).write_text("model")
        refused = "its vectors differ" if engine is OPENVINO else ""
        verdict.Verdict(engine.name, "auto", mean=1.0, refused=refused).write(into)

    monkeypatch.setattr(conversion, "_run", run)
    encoders.prepare(MINILM, tmp_path)
    assert encoders.report(MINILM, tmp_path).engine == "onnxruntime"
    found = encoders.report(MINILM, tmp_path, "openvino")
    assert (found.engine, found.refused) == ("torch", "its vectors differ")


def test_eight_bits_on_an_engine_without_them_are_refused(tmp_path):
    with pytest.raises(encoders.ModelMissing, match="not for the precision int8"):
        encoders.load(INT8, tmp_path, "onnxruntime")


@pytest.mark.slow
def test_onnxruntime_gives_the_vectors_of_torch_without_importing_it(tmp_path):
    code = f"""if True:
    import sys
    from pathlib import Path
    from collections_app import encoders
    spec = encoders.ModelSpec("sentence-transformers", {REF!r}, dimension=384, token_limit=256)
    encoders.prepare(spec, Path(sys.argv[1]), "onnxruntime")
    encoders.load(spec, Path(sys.argv[1]), "onnxruntime").encode(["Hello world"])
    print([name for name in ("torch", "openvino", "transformers") if name in sys.modules])"""
    assert python(code, tmp_path).splitlines() == ["[]"]
    found = encoders.report(MINILM, tmp_path, "onnxruntime")
    assert (found.engine, found.refused) == ("onnxruntime", "")
    assert found.least > 0.9999


# --- what is said of it ----------------------------------------------------------------


def test_a_model_not_made_ready_has_no_engine_yet(tmp_path):
    found = encoders.report(MINILM, tmp_path)
    assert (found.engine, found.mean, found.refused) == ("", None, "")


def test_a_model_that_only_torch_runs_says_why(copied, tmp_path):
    changed(copied / "1_Pooling/config.json", pooling_mode_cls_token=True)
    found = encoders.report(replace(MINILM, ref=str(copied)), tmp_path)
    assert found.engine == "torch"
    assert found.refused == "it does not take the mean of its token vectors"


def test_torch_by_setting_says_so(tmp_path):
    found = encoders.report(MINILM, tmp_path, "torch")
    assert (found.engine, found.refused) == ("torch", "EMBED_ENGINE is torch")


def test_a_missing_model_says_what_to_do(tmp_path):
    found = encoders.report(replace(MINILM, ref="/no/such/folder"), tmp_path)
    assert found.engine == ""
    assert found.refused.startswith("There is no folder /no/such/folder.")


def test_a_fake_model_is_its_own_engine(tmp_path):
    found = encoders.report(encoders.ModelSpec("fake", "fake", 64, 32), tmp_path)
    assert (found.engine, found.refused) == ("fake", "")


# --- the comparison ----------------------------------------------------------------------


def _random(*, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(40, 16)).astype(np.float32)


def test_equal_vectors_are_taken_at_any_length():
    found = verdict.compare("openvino", "auto", _random(seed=1), 3 * _random(seed=1))
    assert (found.mean, found.least) == pytest.approx((1, 1))
    assert (found.kept, found.refused) == (1.0, "")


@pytest.mark.parametrize(("precision", "refused"), [("auto", True), ("int8", False)])
def test_what_eight_bits_cost_is_too_much_for_the_others(precision, refused):
    wanted = _random(seed=1)
    found = verdict.compare("openvino", precision, wanted, wanted + 0.05 * _random(seed=2))
    assert 0.99 < found.mean < 0.9999
    assert bool(found.refused) is refused
    assert found.kept < 1


def test_vectors_that_are_no_numbers_are_refused():
    broken = _random(seed=1)
    broken[0] = np.nan
    found = verdict.compare("openvino", "int8", _random(seed=1), broken)
    assert "differ from torch's" in found.refused


def test_kept_neighbours_are_counted_without_the_text_itself():
    wanted = np.eye(3, dtype=np.float32) + 0.1
    assert verdict.kept_neighbours(wanted, wanted, count=1) == 1.0
    line = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], np.float32)
    assert verdict.kept_neighbours(line, line[[0, 2, 1, 3]], count=1) == 0.0


def test_the_texts_are_short_long_in_several_scripts_and_always_the_same():
    found = texts.all_texts()
    assert found == texts.all_texts()
    assert len(set(found)) == len(found) == 124
    assert (min(map(len, found)), max(map(len, found))) == (11, 3359)
    assert sum("清晨" in text for text in found) == 4


# --- eight bits ----------------------------------------------------------------------------


def test_weights_in_eight_bits_are_nearly_the_weights():
    weights = np.vstack([_random(seed=3), np.zeros((1, 16), np.float32)])
    numbers, scales = rounded(weights)
    assert (numbers.dtype, numbers.min() >= -127, scales.shape) == (np.int8, True, (41, 1))
    assert np.abs(numbers * scales - weights).max() <= scales.max() / 2 + 1e-6
    assert not (numbers[-1] * scales[-1]).any()


@pytest.mark.slow
def test_eight_bits_are_made_when_asked_for_and_their_cost_is_shown():
    encoders.prepare(INT8, Path(settings.MODELS_DIR))
    found = encoders.report(INT8, Path(settings.MODELS_DIR))
    assert (found.engine, found.precision, found.refused) == ("openvino", "int8", "")
    assert 0.99 < found.least < found.mean < 0.9999
    assert 0.9 < found.kept < 0.99
    sample = ["To back up a database while it is used, copy it with VACUUM INTO. " * 9] * 12
    exact = encoders.load(MINILM, settings.MODELS_DIR).encode(sample[:1])
    made = encoders.load(INT8, settings.MODELS_DIR).encode(sample)
    assert cosines(made, np.repeat(exact, 12, axis=0)).min() > 0.99


# --- cores -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_a_containers_share_of_the_cores_is_read(tmp_path, files, wanted):
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert cores.quota(tmp_path) == wanted


def test_cores_are_rounded_up_to_one_at_least(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "CGROUP", tmp_path)
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _process: set(range(8)))
    assert cores.cores() == 8
    (tmp_path / "cpu.max").write_text("1000 100000")
    assert cores.cores() == 1
    (tmp_path / "cpu.max").write_text("250000 100000")
    assert cores.cores() == 3


def test_the_models_folder_is_left_alone_by_a_report(tmp_path):
    assert folder.folder(REF, tmp_path).is_dir()
    encoders.report(MINILM, tmp_path)
    assert list(tmp_path.iterdir()) == []
