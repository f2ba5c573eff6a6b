"""What the default encoder costs a process in memory, and how that stays flat."""

import json
import sys

import pytest
from django.conf import settings

from collections_app import encoders
from tests.collections_app.test_encoders import MINILM, REF, python

MOST_MB = 400

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells of each mapping.")


@pytest.fixture(scope="module")
def used() -> dict[str, int]:
    """Of a process that encoded a query, and long texts in batches: mapped and peak, in MB."""
    encoders.prepare(MINILM, settings.MODELS_DIR)
    code = f"""if True:
    import json, sys
    from pathlib import Path
    from collections_app import encoders
    spec = encoders.ModelSpec("sentence-transformers", {REF!r}, dimension=384, token_limit=256)
    one = encoders.load(spec, Path(sys.argv[1]))
    one.encode(["Hello world"])
    one.encode(["The harbour lies still. " * 900] * 40)
    mapped = 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith("model.bin"):
            first, last = line.split()[0].split("-")
            mapped += int(last, 16) - int(first, 16)
    status = Path("/proc/self/status").read_text().splitlines()
    [peak] = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
    print(json.dumps({{"mapped": mapped // 2**20, "peak": peak // 2**10}}))"""
    return json.loads(python(code, settings.MODELS_DIR))


def test_queries_and_passages_map_the_same_weights(used):
    assert 80 < used["mapped"] < 100  # the file has 86 MB


def test_the_peak_is_bounded_though_long_texts_were_cut(used):
    assert used["peak"] < MOST_MB


def test_many_texts_get_the_ids_that_each_gets_alone():
    tokenizer = encoders.tokenizer(MINILM, settings.MODELS_DIR)
    texts = [f"{'The harbour lies still. ' * (number % 7)}{number}" for number in range(50)]
    alone = [tokenizer.ids([text], 12)[0] for text in texts]
    assert tokenizer.ids(texts, 12) == alone
    assert len({tuple(row) for row in alone}) > 10
