"""What is attached to messages of e-mail comes out as files do out of archives."""

import io
from email.message import EmailMessage

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from collections_app import ingest, services, sources
from collections_app.models import Document, Run
from collections_app.pipeline import attachments
from collections_app.pipeline.containers import (
    Limits,
    Member,
    Skipped,
    TooMuch,
    holds_files,
    members,
)
from collections_app.pipeline.extract import extract
from tests.collections_app.test_containers import zipped
from tests.collections_app.written_files import pdf, word
from tests.factories import CollectionFactory


def mail(subject="Hello", text="We leave at noon.", **files):
    """A message with `{name: bytes or another message}` attached."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ada@a.example", "bob@a.example", subject
    message["Date"] = "Mon, 30 Nov 2026 10:00:00 +0000"
    message.set_content(text)
    for name, data in files.items():
        if isinstance(data, EmailMessage):
            message.add_attachment(data)
        else:
            message.add_attachment(data, "application", "octet-stream", filename=name)
    return message


def found(data, tmp_path, message="letter.eml", **limits):
    path = tmp_path / "file"
    path.write_bytes(data)
    return list(members(path, "", Limits(**limits), message))


def names(all_found):
    return [one.name for one in all_found if isinstance(one, Member)]


def test_attachments_follow_their_message_under_its_name(tmp_path):
    data = mail(**{"plan.txt": b"The plan.", "bö.bin": b"\0\1"}).as_bytes()
    letter, plan, other = found(data, tmp_path)
    assert (letter.name, letter.data) == ("letter.eml", data)
    assert (plan.name, plan.data) == ("letter.eml/plan.txt", b"The plan.")
    assert (other.name, other.data) == ("letter.eml/bö.bin", b"\0\1")


def test_messages_and_archives_in_a_message_are_opened_to_the_depth(tmp_path):
    inner = mail("Deeper/down", **{"a.zip": zipped({"x.txt": b"x"})})
    data = mail("Outer", inner=inner).as_bytes()
    deep = found(data, tmp_path, depth=4)
    nested = "letter.eml/Deeper down.eml"
    assert names(deep) == ["letter.eml", nested, f"{nested}/a.zip/x.txt"]
    cut = found(data, tmp_path, depth=2)
    assert names(cut) == ["letter.eml", nested]
    [left] = [one for one in cut if isinstance(one, Skipped)]
    assert left.name == f"{nested}/a.zip"
    assert left.reason == "Attachments are read 2 deep in one another. Save this one."


def test_equal_and_strange_names_are_told_apart_and_made_safe(tmp_path):
    message = mail()
    for name in ("a.txt", "a.txt", "../../etc/passwd", "", "C:\\x\\b.txt"):
        message.add_attachment(b"words", "text", "plain", filename=name)
    assert names(found(message.as_bytes(), tmp_path))[1:] == [
        "letter.eml/a.txt",
        "letter.eml/a (2).txt",
        "letter.eml/etc passwd",
        "letter.eml/attachment.txt",
        "letter.eml/C: x b.txt",
    ]


def test_pictures_in_the_text_are_no_attachments(tmp_path):
    message = mail()
    message.add_attachment(b"\x89PNG", "image", "png", filename="logo.png", cid="<logo>")
    message.get_payload(1).replace_header("Content-Disposition", 'inline; filename="logo.png"')
    message.add_attachment(b"\x89PNG", "image", "png", filename="photo.png")
    assert names(found(message.as_bytes(), tmp_path)) == ["letter.eml", "letter.eml/photo.png"]


@pytest.mark.parametrize(
    ("data", "holds"),
    [
        (mail(**{"a.txt": b"a"}).as_bytes(), True),
        (mail(inner=mail("Inner")).as_bytes(), True),
        (mail().as_bytes(), False),
        (mail(text="The attachment has a name=x, they said.").as_bytes(), False),
        (b"Subject: a walk\n\nContent-Disposition: attachment; name=x\n", False),
        (b"From: a\nTo: b\nContent-Type: a/b; name=" + b"x;" * 400_000 + b"\n\nwords\n", False),
        (b"words", False),
        (b"", False),
    ],
)
def test_what_holds_attachments(data, holds):
    assert holds_files(io.BytesIO(data), "letter.eml") is holds


def test_limits_hold_for_attachments_too(tmp_path):
    many = mail(**{f"{n}.txt": b"words" for n in range(30)}).as_bytes()
    with pytest.raises(TooMuch, match="more than 10 files"):
        found(many, tmp_path, entries=10)
    with pytest.raises(TooMuch, match="unpacks to more"):
        found(many, tmp_path, total_bytes=100)
    large = mail(**{"large.txt": b"w" * 5000, "small.txt": b"w"}).as_bytes()
    left = found(large + b"\n", tmp_path, member_bytes=len(large) + 1)
    assert names(left) == ["letter.eml", "letter.eml/large.txt", "letter.eml/small.txt"]


def nested_parts(depth):
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth)
    )
    body = "Content-Disposition: attachment; filename=a.txt\n\nwords\n"
    return f"From: a\nTo: b\nSubject: c\nDate: d\n{opening}{body}".encode()


def self_alike(depth):
    head = "From: a\nTo: b\nSubject: c\nDate: d\nContent-Type: message/rfc822\n\n"
    return (head * depth + "Subject: last\n\nwords\n").encode()


HEAD = b"From: a\nTo: b\nSubject: c\nDate: d\n"
PARTED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n'
HOSTILE = {
    "deep multiparts": nested_parts(3000),
    "messages in messages": self_alike(400),
    "three thousand parts": PARTED
    + b"--b\nContent-Type: text/plain; name=x\n\nx\n" * 3000
    + b"--b--\n",
    "broken base64": PARTED
    + b"--b\nContent-Disposition: attachment; filename=a.txt\n"
    + b"Content-Transfer-Encoding: base64\n\n!!!!\n--b--\n",
    "unknown encoding": PARTED
    + b"--b\nContent-Disposition: attachment; filename=a.txt\n"
    + b"Content-Transfer-Encoding: x-nonsense\n\nwords\n--b--\n",
    "broken name": PARTED
    + b"--b\nContent-Disposition: attachment; filename*=no'such'%ff%fe%0a..%2f\n\nwords\n--b--\n",
    "endless name": PARTED
    + b'--b\nContent-Disposition: attachment; filename="'
    + b"x" * 500_000
    + b'.txt"\n\nwords\n--b--\n',
    "boundary that never ends": PARTED
    + b"--b\nContent-Disposition: attachment; filename=a.txt\n\nwords\n"
    + b"--b\n" * 100_000,
    "turned name": PARTED
    + '--b\nContent-Disposition: attachment; filename="a\u202etxt.exe"\n\nwords\n--b--\n'.encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_end_soon_and_harm_nothing(name, tmp_path):
    seen = found(HOSTILE[name], tmp_path, entries=2000)
    assert seen[0].name == "letter.eml"
    assert len(seen) <= 2000
    for one in seen:
        assert ".." not in one.name.split("/")
        assert not {"\n", "\u202e"} & set(one.name)


pytest_db = pytest.mark.django_db(transaction=True)


def worked():
    sources.work(60, lambda: None)
    ingest.run()


@pytest_db
def test_uploaded_message_and_its_attachments_become_documents(media):
    collection = CollectionFactory()
    files = {
        "report.pdf": pdf(["Boats in the harbour."]),
        "letter.docx": word(("paragraph", "Word by word.")),
        "tool.exe": b"MZ\0\0\0\1\2",
    }
    data = mail("Plans", **files).as_bytes()
    result = services.add_files(collection, [SimpleUploadedFile("plans.eml", data)])
    assert (result.added, result.problems, len(result.runs)) == ([], [], 1)
    worked()
    states = dict(collection.documents.values_list("external_id", "state"))
    assert states == {
        "plans.eml": "ready",
        "plans.eml/report.pdf": "ready",
        "plans.eml/letter.docx": "ready",
        "plans.eml/tool.exe": "set_aside",
    }
    assert Document.objects.get(external_id="plans.eml/report.pdf").text.startswith("Boats")
    letter = Document.objects.get(external_id="plans.eml")
    assert letter.metadata["attachments"] == list(files)
    again = mail("Plans", **{"report.pdf": files["report.pdf"]}).as_bytes()
    services.add_files(collection, [SimpleUploadedFile("plans.eml", again)])
    worked()
    run = Run.objects.latest("pk")
    assert (run.removed, collection.documents.count()) == (2, 2)


@pytest_db
def test_message_without_attachments_is_one_document(media):
    collection = CollectionFactory()
    data = mail().as_bytes()
    result = services.add_files(collection, [SimpleUploadedFile("plain.eml", data)])
    assert (len(result.added), result.runs) == (1, [])


def test_child_process_gives_names_and_bytes():
    data = mail(**{"a.txt": b"words"}).as_bytes()
    assert attachments.of(data) == [("a.txt", b"words")]
    assert extract(data).metadata["attachments"] == ["a.txt"]
