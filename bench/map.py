"""What a map of 100,000 documents costs: python -m bench.map [POINTS]

Its making beside scikit-learn's bare PCA to two dimensions of the same vectors, in turns; the
size of what the page loads; and how many frames a second a headless Chromium draws of it.
"""

import gzip
import http.server
import shutil
import sys
import threading
from functools import partial

import numpy as np

from bench._site import ROOT, machine, median, seconds, site

POINTS = 100_000
DIMENSION = 384
GROUPS = 20
ROUNDS = 3
TARGETS = (1.3, 1.5, 30)  # ratio, MB, frames a second
FRAME_SECONDS = 5


def main(count: int) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    print(f"Machine: {machine()}")
    vectors, labels = _vectors(count)
    with site():
        _axes(vectors)
        collection = _collection(vectors, labels)
        block = _build(collection)
    _frames(block, count)


def _vectors(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors in GROUPS loose groups, and the group of each."""
    draw = np.random.default_rng(0)
    labels = draw.integers(GROUPS, size=count)
    made = draw.standard_normal((GROUPS, DIMENSION), np.float32)[labels]
    made += 2 * draw.standard_normal((count, DIMENSION), np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True), labels


def _axes(vectors: np.ndarray) -> None:
    """Axes and every place, beside the bare PCA."""
    from sklearn.decomposition import PCA

    from search_app.analysis import projection

    projection.fit(vectors[:1000])
    ours, bare = [], []
    for _round in range(ROUNDS):
        bare.append(seconds(lambda: PCA(2).fit_transform(vectors)))
        ours.append(seconds(lambda: projection.fit(vectors)))
    ratio = median(ours) / median(bare)
    print(f"Bare PCA {median(bare):.2f} s, axes and places {median(ours):.2f} s")
    print(f"Ratio {ratio:.2f} (target {TARGETS[0]})")


def _collection(vectors: np.ndarray, labels: np.ndarray):
    """Documents with these vectors and clusters, written straight into the tables."""
    from django.contrib.auth.models import User
    from django.db import connection

    from collections_app.models import Document, EmbeddingModel
    from collections_app.services import create_collection
    from search_app.models import Cluster, Clustering, ClusterMember, DocumentVector

    model = EmbeddingModel.objects.create(
        name="quick", backend="fake", ref="fake", dimension=DIMENSION
    )
    home = create_collection(User.objects.create_superuser("bench"), "map", model=model)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO collections_app_document (collection_id, external_id, title, media_type,"
            " text, metadata, content_hash, token_count, revision, stages, state, attempts, error,"
            " error_stage, error_place, format, encoding, as_format, as_encoding, created, updated,"
            " ready_at) SELECT %s, 'd' || n, 'Document ' || n, 'text/plain', '', '{}', n::text, 1,"
            " 1, '{}', 'ready', 0, '', '', '{}', '', '', '', '', now() - n * interval '1 minute',"
            " now(), now() FROM generate_series(1, %s) AS n",
            [home.pk, len(vectors)],
        )
    ids = list(Document.objects.filter(collection=home).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), 10_000):
        DocumentVector.objects.bulk_create(
            DocumentVector(
                document_id=pk, collection=home, model=model, revision=1, embedding=vector,
                refill=False,
            )
            for pk, vector in zip(
                ids[start : start + 10_000], vectors[start : start + 10_000], strict=True
            )
        )  # fmt: skip
    clustering = Clustering.objects.create(collection=home, state="ready")
    made = Cluster.objects.bulk_create(
        Cluster(
            clustering=clustering, collection=home, ordinal=n, name=f"Cluster {n}",
            size=int((labels == n).sum()), centroid=[1.0],
        )
        for n in range(GROUPS)
    )  # fmt: skip
    ClusterMember.objects.bulk_create(
        (
            ClusterMember(cluster=made[label], document_id=pk, score=1)
            for pk, label in zip(ids, labels.tolist(), strict=True)
        ),
        batch_size=10_000,
    )
    return home


def _build(collection) -> bytes:
    from search_app import maps

    maps.request(collection)
    built = seconds(lambda: maps.build(collection.pk))
    print(f"The whole making, vectors read and points written: {built:.2f} s")
    block = maps.packed(collection.owner, collection)
    read = seconds(lambda: maps.packed(collection.owner, collection))
    packed = gzip.compress(block, 6)
    print(f"Points read and packed in {read:.2f} s")
    print(f"{len(packed) / 1e6:.2f} MB compressed of {len(block) / 1e6:.2f} (target {TARGETS[1]})")
    return block


PAGE = """<!DOCTYPE html><meta charset="utf-8"><link rel="stylesheet" href="style.css">
<section class="map" data-map data-points="points" data-values="none" data-hits="none"
 data-titles="none"><form><input name="q"><span data-map-filters></span></form>
<button data-map-lasso></button><select data-map-colour><option value=""></select>
<div class="map__stage" data-map-stage><canvas class="map__canvas"></canvas><svg
 class="map__lasso"><polygon data-map-drawn></polygon><polyline data-map-drawing></polyline></svg>
<div class="map__labels" data-map-labels></div><div class="map__tip" data-map-tip></div>
<p data-map-wait></p></div><ul data-map-legend></ul><fieldset data-map-time hidden>
<select data-map-time-field></select><input data-map-from><input data-map-to><output
 data-map-span></output><button data-map-play></button></fieldset></section>
<script src="map.js"></script>"""
MOVE = """async (seconds) => {
  const view = document.querySelector("[data-map]").mapView;
  const began = performance.now(); let frames = 0;
  while (performance.now() - began < 1000 * seconds) {
    const t = (performance.now() - began) / 1000;
    view.transform = { k: 1 + 0.5 * Math.sin(t), x: 40 * Math.sin(3 * t), y: 30 * Math.cos(2 * t) };
    view.look();
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return [frames / ((performance.now() - began) / 1000), view.drawing.frames, view.drawing.step];
}"""


def _frames(block: bytes, count: int) -> None:
    """The page's own script and style, all points, moved and zoomed without a pause."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        print("No Chromium here: frames are not measured")
        return
    from playwright.sync_api import sync_playwright

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, block))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_selector("[data-ready]", timeout=60_000)
        rate, drawn, step = page.evaluate(MOVE, FRAME_SECONDS)
        browser.close()
    server.shutdown()
    print(f"{count:,} points: {rate:.0f} frames a second, {drawn} drawn (target {TARGETS[2]})")
    print(f"At the end 1 of {step} points was drawn in a frame that moves; all are at rest")


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, block: bytes, *words) -> None:
        self.block = block
        super().__init__(*words)

    def do_GET(self) -> None:
        name = self.path.strip("/").split("?")[0]
        kinds = {"map.js": "text/javascript", "style.css": "text/css"}
        file = ROOT / "embedsite" / "static" / "dist" / name
        body = PAGE.encode() if not name else self.block if name == "points" else b""
        body = file.read_bytes() if name in kinds else body
        self.send_response(200)
        self.send_header("Content-Type", kinds.get(name, "text/html" if not name else "x/x"))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words) -> None:
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else POINTS)
