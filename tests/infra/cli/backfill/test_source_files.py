"""What is given is found: each file once, in order, and what is not read is named."""

import os
from contextlib import contextmanager

import msgspec
import pytest

from infra.cli.backfill.source_files import Source, SourceError, find
from tests.infra.cli.backfill.bucket import MODIFIED, Bucket, etag


def never():
    raise AssertionError("S3 is not asked for local files")


def names(found):
    return [source.name for source in found.sources]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(*files):
        for name in files:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"{}\n")

    return write


def test_files_come_as_given_and_folders_in_the_order_of_names(here):
    here("b.json", "a.csv", "days/2/x.jsonl.gz", "days/1/y.parquet", "days/1.ndjson", "days/10.log")

    found = find(["b.json", "days/", "a.csv"], never)

    assert names(found) == [
        *("b.json", "days/1.ndjson", "days/1/y.parquet", "days/10.log"),
        *("days/2/x.jsonl.gz", "a.csv"),
    ]
    assert [source.kind for source in found.sources] == [
        *("json", "json", "parquet", "json", "json", "csv"),
    ]
    assert found.passed_over == []


def test_the_order_of_a_folder_is_that_of_its_copy_in_s3(here):
    keys = ["d/a.json", "d/a/b.json", "d/a-1.json", "d/a/b/c.json", "d/é.json", "d/Z.json"]
    here(*keys)

    remote = find(["s3://history/d"], lambda: Bucket(**dict.fromkeys(keys, b"{}")))

    assert [f"s3://history/{name}" for name in names(find(["d"], never))] == names(remote)


def test_each_file_is_read_once_however_it_is_named(here):
    here("d/a.json", "d/b.json")
    os.symlink("a.json", "d/c.json")

    assert names(find(["d/b.json", "d", "./d/a.json", os.path.abspath("d")], never)) == [
        "d/b.json",
        "d/a.json",
    ]


def test_what_a_folder_holds_beside_likes_is_passed_over_and_named(here):
    here("d/a.json", "d/.hidden.json", "d/_SUCCESS", "d/.git/x.json", "d/notes.md", "d/in/b.json")
    open("d/empty.json", "wb").close()
    os.symlink(os.path.abspath("d"), "d/in/loop")
    os.symlink("nowhere", "d/broken.json")
    os.mkfifo("d/pipe.json")

    found = find(["d"], never)

    assert names(found) == ["d/a.json", "d/in/b.json"]
    assert {other.name: other.why for other in found.passed_over} == {
        "d/.hidden.json": "is hidden: its name starts with . or _",
        "d/_SUCCESS": "is hidden: its name starts with . or _",
        "d/.git": "is hidden: its name starts with . or _",
        "d/notes.md": "is not called .json, .csv or .parquet or anything like it",
        "d/empty.json": "is empty",
        "d/in/loop": "links to a folder that it is in",
        "d/broken.json": "is no file",
        "d/pipe.json": "is no file",
    }


def test_a_file_named_itself_is_read_whatever_it_is_called(here):
    here("d/_part", "d/a.json")
    with open("table", "wb") as file:
        file.write(b"PAR1 and more")
    open("nothing", "wb").close()

    found = find(["d", "d/_part", "table", "nothing"], never)

    assert [(source.name, source.kind) for source in found.sources] == [
        ("d/a.json", "json"),
        ("d/_part", "json"),
        ("table", "parquet"),
        ("nothing", "json"),
    ]
    assert found.passed_over == []


def test_another_content_is_another_version(here):
    here("a.json")
    first = find(["a.json"], never).sources[0]
    os.utime("a.json", ns=(0, 1_700_000_000_123_456_789))
    second = find(["a.json"], never).sources[0]

    assert second == Source("a.json", "json", 3, 1_700_000_000_123, "3-1700000000123456789")
    assert first.version != second.version
    assert msgspec.json.decode(msgspec.json.encode(second), type=Source) == second


def test_a_linked_folder_is_read(here):
    here("real/a.json", "d/b.json")
    os.symlink(os.path.abspath("real"), "d/linked")

    assert names(find(["d"], never)) == ["d/b.json", "d/linked/a.json"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nowhere.json", "There is no file or folder nowhere.json."),
        ("a.json/b", "a.json/b cannot be read: not a directory."),
        ("loop", "loop cannot be read: too many levels of symbolic links."),
        ("pipe", "pipe is neither a file nor a folder."),
        ("none", "There is nothing to read in none."),
        (
            "hidden",
            "There is nothing to read in hidden; hidden/_x.json, for one, is hidden: its name "
            "starts with . or _.",
        ),
        ("a\0b", r"'a\x00b' is no path."),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence(here, given, told):
    here("a.json", "hidden/_x.json")
    os.symlink("loop", "loop")
    os.mkfifo("pipe")
    os.mkdir("none")

    with pytest.raises(SourceError) as error:
        find(["a.json", given], never)
    assert str(error.value) == told


@contextmanager
def nobody():
    """Read files as a user who may not read everything, as root may."""
    root = os.geteuid() == 0
    os.chmod(".", 0o755)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("given", ["d/a.json", "d"])
def test_a_missing_permission_is_told(here, given):
    here("d/a.json")
    os.chmod("d/a.json", 0)

    with nobody(), pytest.raises(SourceError, match="There is no permission to read d/a.json"):
        find([given], never)


def test_objects_are_found_by_key_and_by_prefix():
    s3 = Bucket(
        d__2=b"PAR1....",
        d__1__b=b"x",
        **{"d/1/a.json": b"{}", "d/1/_tmp/c.json": b"{}", "d/1/": b"", "d/11.json": b"{}"},
    )

    found = find(["s3://history/d/2", "s3://history/d/1"], lambda: s3)

    modified = int(MODIFIED.timestamp() * 1000)
    assert found.sources == [
        Source("s3://history/d/2", "parquet", 8, modified, etag(b"PAR1....")),
        Source("s3://history/d/1/a.json", "json", 2, modified, etag(b"{}")),
    ]
    assert [other.name for other in found.passed_over] == [
        "s3://history/d/1/_tmp",
        "s3://history/d/1/b",
    ]
    assert s3.ranges == ["bytes=0-3"]
    assert len(find(["s3://history"], lambda: s3).sources) == 2


@pytest.mark.parametrize(
    ("given", "forbidden", "told"),
    [
        ("s3://history/none", "", "There is no object or prefix s3://history/none."),
        ("s3://other/a.json", "", "There is no bucket other."),
        ("s3:///a.json", "", "s3:///a.json names no bucket; an object is s3://bucket/key."),
        ("s3://history/d/", "list", "There is no permission to read s3://history/d/."),
        ("s3://history/a.json", "head", "There is no permission to read s3://history/a.json."),
    ],
)
def test_what_s3_does_not_give_is_told_in_one_sentence(given, forbidden, told):
    s3 = Bucket(**{"a.json": b"{}", "d/a.json": b"{}"})
    s3.forbidden = {forbidden}

    with pytest.raises(SourceError) as error:
        find([given], lambda: s3)
    assert str(error.value) == told
