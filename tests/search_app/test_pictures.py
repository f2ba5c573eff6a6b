"""Pictures found by words, by a picture and by one another, under the demo's own small CLIP."""

import io
import json

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from rest_framework.throttling import SimpleRateThrottle

from collections_app import encoders, ingest, services, vectors
from collections_app.demo.taps import drawing
from collections_app.demo.taps.tap import Tap, description
from collections_app.models import EmbeddingModel
from collections_app.throttles import SearchThrottle
from search_app import calibration, pictures
from search_app import search as searching
from search_app.queries import samples
from tests.embedsite.pages import problems
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

RING = Tap("ring", "gold", "gold", "matt", "none", "plain")
SOAP = Tap("soap", "blue", "red", "matt", "none", "white tiles")
GARDEN = Tap("garden", "black", "black", "brushed", "crosses", "brick")
ARC = Tap("arc", "white", "red", "matt", "knobs", "wood")
TAPS = {"ring": RING, "soap": SOAP, "garden": GARDEN, "arc": ARC}


def png(tap, seed=1, size=160):
    file = io.BytesIO()
    drawing.draw(tap, seed, size).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def shop(media):
    samples._kept.clear()
    home = CollectionFactory(public=True, embedding_model=services.demo_picture_model())
    add(home, {f"{name}{n}.png": png(tap, n) for name, tap in TAPS.items() for n in range(3)})
    return home


def add(home, files, metadata=None):
    items = []
    for n, (name, data) in enumerate(files.items()):
        blob = services.store_blob(io.BytesIO(data), 10**8)
        price = {"price": 10.0 * (n + 1)}
        items.append(services.Incoming(name, blob=blob, metadata=metadata or price))
    assert services.add_documents(home, items).problems == []
    ingest.run()
    samples._kept.clear()


def named(tiles):
    return [tile.document.external_id for tile in tiles]


def kinds(tiles, count=3):
    return {name.removesuffix(".png").rstrip("0123456789") for name in named(tiles)[:count]}


def by_words(shop, text, **more):
    return pictures.find(shop.owner, shop, pictures.by_text(shop, text), **more)


# --- one space ------------------------------------------------------------------------


def test_a_picture_is_one_passage_with_the_vector_of_what_is_seen(shop):
    [passage] = shop.documents.get(external_id="ring1.png").active_passages()
    stored = passage.vectors.get().embedding
    look = pictures.by_picture(shop.embedding_model, png(RING, 1))
    assert float(stored @ look.vector) > 0.999
    assert (passage.text, passage.token_count) == ("ring1", 0)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("gold towel ring", "ring"),
        ("blue soap dispenser", "soap"),
        ("black garden tap before brick", "garden"),
        ("white swan neck tap", "arc"),
    ],
)
def test_words_find_pictures_whose_names_do_not_say_it(shop, text, kind):
    found = by_words(shop, text)
    assert kinds(found.pictures) == {kind}


def test_a_picture_finds_pictures(shop):
    look = pictures.by_picture(shop.embedding_model, png(SOAP, 99))
    assert kinds(pictures.find(shop.owner, shop, look).pictures) == {"soap"}


def test_a_document_finds_others_but_not_itself(shop):
    document = shop.documents.get(external_id="arc0.png")
    found = pictures.find(shop.owner, shop, pictures.by_document(document))
    assert set(named(found.pictures)[:2]) == {"arc1.png", "arc2.png"}
    assert "arc0.png" not in named(found.pictures)
    assert found.total == 11


def test_in_a_mixed_collection_text_finds_pictures_and_pictures_find_texts(shop):
    embedded(shop, {"care": "a gold towel ring", "soap": "a blue soap dispenser"})
    samples._kept.clear()
    found = by_words(shop, "gold towel ring")
    assert (kinds(found.pictures), named(found.texts)[0]) == ({"ring"}, "care")
    seen = pictures.find(shop.owner, shop, pictures.by_picture(shop.embedding_model, png(SOAP, 77)))
    assert (kinds(seen.pictures), named(seen.texts)[0]) == ({"soap"}, "soap")
    mixed = searching.search(shop.owner, "gold towel ring", collection=shop)
    ids = [hit.document.external_id for hit in mixed.hits]
    assert "care" in ids[:4]
    assert {"ring0.png", "ring1.png", "ring2.png"} & set(ids[:4])


def test_each_pair_of_kinds_has_a_cutoff_of_its_own(shop):
    embedded(shop, {f"n{n}": text for n, text in enumerate(map(description, TAPS.values()))})
    samples._kept.clear()
    model, home = shop.embedding_model, [shop.pk]
    across = calibration.cutoff(home, model, asked="text", found="picture")
    alike = calibration.cutoff(home, model, asked="picture", found="picture")
    texts = calibration.cutoff(home, model, asked="text", found="text")
    assert across == calibration.cutoff(home, model, asked="picture", found="text")
    assert across != alike != texts
    assert across < max(alike, texts)


def test_what_matches_nothing_is_told(shop):
    found = by_words(shop, "black brick garden tap")
    least = calibration.cutoff([shop.pk], shop.embedding_model, asked="text", found="picture")
    assert [tile.good for tile in found.pictures] == [
        tile.score >= least for tile in found.pictures
    ]
    assert not found.pictures[-1].good


# --- cheaper, filters, orders ----------------------------------------------------------


def test_like_this_but_cheaper(client, shop):
    dear = shop.documents.get(external_id="soap2.png")  # 60
    found = pictures.find(
        shop.owner, shop, pictures.by_document(dear), wanted=[pictures.cheaper(dear)]
    )
    assert set(named(found.pictures)[:2]) == {"soap0.png", "soap1.png"}
    assert max(tile.price for tile in found.pictures) < 60
    answer = client.get(
        f"/api/collections/{shop.pk}/pictures/", {"document": dear.pk, "cheaper": "true"}
    ).json()
    assert [row["document"]["external_id"] for row in answer["pictures"]] == named(found.pictures)


def test_by_price_instead(shop):
    found = by_words(shop, "towel ring", sort="price", wanted=["price:20..50"])
    assert [tile.price for tile in found.pictures] == [20.0, 30.0, 40.0, 50.0]
    down = by_words(shop, "towel ring", sort="-price")
    assert [tile.price for tile in down.pictures][:2] == [120.0, 110.0]


def test_a_document_without_a_price_has_no_cheaper(client, shop):
    add(shop, {"free.png": png(RING, 50)}, metadata={"colour": "gold"})
    free = shop.documents.get(external_id="free.png")
    assert pictures.cheaper(free) == ""
    answer = client.get(
        f"/api/collections/{shop.pk}/pictures/", {"document": free.pk, "cheaper": "true"}
    )
    assert (answer.status_code, "no price" in answer.content.decode()) == (400, True)


# --- phrases ---------------------------------------------------------------------------


def test_phrases_have_shares_that_add_up_to_one(shop):
    look = pictures.by_picture(shop.embedding_model, png(RING, 31))
    rows = pictures.percentages(
        shop.embedding_model, look, ["soap dispenser", "towel ring", "garden tap", "towel ring"]
    )
    assert rows[0].text == "towel ring"
    assert len(rows) == 3
    assert sum(row.share for row in rows) == pytest.approx(1)
    scale = vectors.picture_encoder(shop.embedding_model).scale
    ratio = rows[0].share / rows[1].share
    assert ratio == pytest.approx(2.718281828 ** (scale * (rows[0].cosine - rows[1].cosine)), 1e-3)


def test_phrases_on_their_page_and_in_the_api(client, shop):
    client.force_login(shop.owner)
    document = shop.documents.get(external_id="soap0.png")
    text = "soap dispenser\ntowel ring"
    page = client.post(reverse("phrases"), {"document": document.pk, "phrases": text})
    body = page.content.decode()
    assert (page.status_code, problems(body)) == (200, [])
    assert body.index("soap dispenser</th>") < body.index("towel ring</th>")
    file = SimpleUploadedFile("x.png", png(RING, 5), "image/png")
    uploaded = client.post(reverse("phrases"), {"picture": file, "phrases": text})
    assert "/pictures/asked/" in uploaded.content.decode()
    told = client.post(
        "/api/phrases/",
        json.dumps({"document": document.pk, "phrases": text.splitlines()}),
        "application/json",
    ).json()
    assert (told["model"], told["phrases"][0]["text"]) == ("demo-pictures", "soap dispenser")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"phrases": "a ring"}, "There is no picture. Choose one."),
        ({"phrases": ""}, "This field is required."),
        ({"phrases": "x\n" * 1, "picture": b"GIF but no"}, "This is no picture."),
        ({"phrases": "\n".join(map(str, range(101)))}, "At most 100 phrases"),
    ],
)
def test_phrases_say_what_is_wrong(client, shop, given, said):
    client.force_login(shop.owner)
    document = shop.documents.get(external_id="soap0.png")
    if "picture" in given:
        given = given | {"picture": SimpleUploadedFile("x.gif", given["picture"])}
    elif "At most" in said:
        given = given | {"document": document.pk}
    answer = client.post(reverse("phrases"), given)
    assert answer.status_code == 422
    assert said in answer.content.decode()


# --- the page --------------------------------------------------------------------------


def page(client, shop, query="", **data):
    address = f"{reverse('pictures', args=[shop.pk])}{query}"
    return client.post(address, data) if data else client.get(address)


def test_the_page_shows_all_pictures_then_those_that_are_asked_for(client, shop):
    plain = page(client, shop).content.decode()
    assert plain.count('class="tile') >= 12
    assert 'loading="lazy"' in plain
    found = page(client, shop, "?q=gold+towel+ring").content.decode()
    assert problems(found) == []
    assert found.index("ring") < found.index("soap0.png")


def test_every_tile_leads_to_what_is_similar_and_the_way_is_kept(client, shop):
    ring, soap = (shop.documents.get(external_id=f"{name}0.png") for name in ("ring", "soap"))
    first = page(client, shop, f"?q=towel&like={ring.pk}").content.decode()
    assert f"like={soap.pk}&amp;trail={ring.pk}" in first.replace("&trail", "&amp;trail")
    second = page(client, shop, f"?q=towel&like={soap.pk}&trail={ring.pk}").content.decode()
    assert 'aria-current="step"' in second
    assert "and what looks like it" in second
    assert problems(second) == []
    assert f"like={ring.pk}" in second


def test_an_uploaded_picture_is_asked_with_by_its_address(client, shop):
    file = SimpleUploadedFile("mine.png", png(GARDEN, 44), "image/png")
    answer = page(client, shop, picture=file)
    assert answer.status_code == 302
    found = client.get(answer["Location"]).content.decode()
    assert "Your picture" in found
    assert found.index("garden") < found.index("soap0.png")
    small = client.get(reverse("picture_asked", args=[answer["Location"].split("picture=")[1]]))
    assert (small.status_code, small["Content-Type"]) == (200, "image/webp")


def test_what_is_no_picture_any_more_or_never_was_is_told(client, shop):
    file = SimpleUploadedFile("mine.png", b"no picture at all", "image/png")
    answer = page(client, shop, picture=file)
    assert (answer.status_code, "This is no picture" in answer.content.decode()) == (422, True)
    gone = page(client, shop, "?picture=nosuch")
    assert (gone.status_code, "not kept any more" in gone.content.decode()) == (422, True)
    none = client.post(reverse("pictures", args=[shop.pk]))
    assert (none.status_code, "There is no picture" in none.content.decode()) == (422, True)
    assert page(client, shop, "?like=999999999").status_code == 404
    assert client.get(reverse("picture_asked", args=["nosuch"])).status_code == 404


def test_a_collection_under_a_model_of_texts_says_what_to_do(client):
    home = CollectionFactory(public=True)
    shown = page(client, home).content.decode()
    assert "takes no pictures" in shown
    answer = client.get(f"/api/collections/{home.pk}/pictures/", {"q": "boat"})
    assert (answer.status_code, "takes no pictures" in answer.content.decode()) == (400, True)


def test_private_pictures_are_for_their_owner(client, shop):
    shop.visibility = "private"
    shop.save()
    client.force_login(UserFactory())
    assert page(client, shop).status_code == 404
    document = shop.documents.first()
    answer = client.post(reverse("phrases"), {"document": document.pk, "phrases": "a"})
    assert answer.status_code == 404
    assert client.get(f"/api/collections/{shop.pk}/pictures/").status_code == 404


def test_the_api_takes_a_picture(client, shop):
    file = SimpleUploadedFile("mine.png", png(ARC, 12), "image/png")
    answer = client.post(f"/api/collections/{shop.pk}/pictures/", {"picture": file, "limit": 3})
    rows = answer.json()["pictures"]
    assert {row["document"]["external_id"][:3] for row in rows} == {"arc"}
    assert rows[0]["thumbnail"].endswith("/thumbnail/")
    both = client.get(f"/api/collections/{shop.pk}/pictures/", {"q": "a", "document": 1})
    assert both.status_code == 400


# --- many, and commands ----------------------------------------------------------------


def test_a_broken_picture_among_500_is_named_and_the_others_are_found(media):
    home = CollectionFactory(embedding_model=services.demo_picture_model())
    whole = {f"p{n:03}.png": png(list(TAPS.values())[n % 4], n, 64) for n in range(499)}
    add(home, whole | {"broken.png": png(RING, 3, 64)[:200]})
    [broken] = home.documents.filter(state="set_aside")
    assert (broken.external_id, broken.error_stage) == ("broken.png", "extract")
    assert "damaged" in broken.error
    assert home.documents.filter(state="ready").count() == 499
    assert pictures.find(home.owner, home, None).total == 499


def test_commands_take_a_picture(shop, tmp_path):
    path = tmp_path / "mine.png"
    path.write_bytes(png(SOAP, 8))
    out = io.StringIO()
    owner = {"owner": shop.owner.username, "stdout": out}
    call_command("similar", shop.name, "-i", str(path), "--binary", "-n", "3", **owner)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {row["id"][:4] for row in rows} == {"soap"}
    out.truncate(0)
    call_command("embed", shop.name, "new.png", "-i", str(path), "--binary", **owner)
    assert shop.documents.get(external_id="new.png").state == "ready"
    call_command("embed", "-m", "demo-pictures", "-i", str(path), "--binary", stdout=out)
    assert len(json.loads(out.getvalue().strip("\0"))) == 128
    with pytest.raises(CommandError, match="does not support binary data"):
        call_command("embed", "-i", str(path), "--binary", stdout=out)


# --- the model -------------------------------------------------------------------------


def test_the_probe_finds_out_that_a_model_takes_pictures(settings):
    found = encoders.probe(
        vectors.spec(services.demo_picture_model()), settings.MODELS_DIR, settings.EMBED_ENGINE
    )
    assert (found.pictures, found.dimension, found.token_limit) == (True, 128, 77)
    assert found.engine == "openvino"


def test_torch_and_the_fast_engine_see_the_same(settings):
    spec = vectors.spec(services.demo_picture_model())
    fast = encoders.load(spec, settings.MODELS_DIR, "openvino")
    torch = encoders.load(spec, settings.MODELS_DIR, "torch")
    seen = [png(tap, 7) for tap in TAPS.values()]
    alike = (fast.encode_pictures(seen) * torch.encode_pictures(seen)).sum(axis=1)
    assert alike.min() > 0.9999
    assert fast.scale == pytest.approx(torch.scale, rel=1e-4)


def test_a_model_of_texts_takes_no_picture():
    model = EmbeddingModel(name="words", backend="fake", ref="fake", dimension=8, token_limit=8)
    with pytest.raises(encoders.ModelMissing, match="takes no pictures"):
        vectors.embed_pictures(model, [png(RING)])


def test_visitors_do_not_ask_with_pictures_without_end(client, shop, monkeypatch):
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "search", "1/min")
    monkeypatch.setattr(SearchThrottle, "rate", "1/min", raising=False)
    cache.clear()
    url = f"/c/{shop.pk}/pictures/"

    def ask():
        return client.post(url, {"picture": SimpleUploadedFile("a.png", png(RING))})

    assert ask().status_code == 302
    refused = ask()
    assert (refused.status_code, "Too many pictures" in refused.text) == (429, True)
    client.force_login(UserFactory())
    assert ask().status_code == 302
