"""Objects of a bucket: what is not there, what may not be read, and what others changed."""

import pytest
from botocore.exceptions import ClientError

from tests.bucket import Objects, etag
from tests.fakes import refusal
from transform.aws.buckets import Bucket, Conflict, Forbidden


@pytest.fixture
def s3():
    return Objects()


@pytest.fixture
def bucket(s3):
    return Bucket(s3, "lake")


def refuse(s3, *calls, code="AccessDenied"):
    def before(call, key):
        if call in calls:
            raise refusal(code)

    s3.before = before


def as_aws_does(s3):
    """Refuse what is not there, as S3 does where only some prefixes may be listed."""

    def before(call, key):
        if call == "get" and key not in s3.objects:
            raise refusal("AccessDenied")

    s3.before = before


def test_what_is_not_there_is_missing_though_s3_says_that_it_is_denied(s3, bucket, tmp_path):
    as_aws_does(s3)
    s3.add("state/compaction.json.old", b"")  # a listing of the key shows it
    s3.add("state/a", b"")
    assert bucket.read("state/compaction.json") is None
    assert bucket.download("state/compaction.json", tmp_path / "a") is None
    assert not (tmp_path / "a").exists()
    with pytest.raises(Conflict, match="^s3://lake/state/compaction.json was removed"):
        bucket.get("state/compaction.json")
    s3.add("state/compaction.json", b"there")
    assert bucket.read("state/compaction.json") == (b"there", etag(b"there"))


def test_what_is_there_and_denied_is_forbidden(s3, bucket, tmp_path):
    s3.add("a", b"")
    s3.add("ab", b"")
    refuse(s3, "get")
    for read in (bucket.read, bucket.get, lambda key: bucket.download(key, tmp_path / "a")):
        with pytest.raises(Forbidden, match=r"^s3://lake/a: Operation: AccessDenied\.$"):
            read("a")


def test_objects_are_removed_a_thousand_at_a_time_whether_or_not_they_are_there(s3, bucket):
    names = [f"a/{number}" for number in range(1001)]
    s3.objects = dict.fromkeys([*names[::2], "b"], b"")
    bucket.remove(names)
    bucket.remove([])
    assert list(s3.objects) == ["b"]


@pytest.mark.parametrize(("code", "error"), [("AccessDenied", Forbidden), ("Slow", ClientError)])
def test_what_is_not_removed_is_raised(s3, bucket, code, error):
    failed = [{"Key": "a", "Code": code, "Message": "not this one"}]
    s3.delete_objects = lambda **_: {"Deleted": [{"Key": "b"}], "Errors": failed}
    with pytest.raises(error, match=code):
        bucket.remove(["a", "b"])


@pytest.mark.parametrize("there", [True, False])
def test_what_is_denied_and_may_not_be_listed_is_forbidden(s3, bucket, there):
    if there:
        s3.add("a", b"")
    refuse(s3, "get", "list")
    with pytest.raises(Forbidden, match=r"^s3://lake/a: Operation: AccessDenied\.$"):
        bucket.read("a")


def test_a_listing_is_asked_for_only_where_a_read_is_denied(s3, bucket):
    s3.add("a", b"")
    refuse(s3, "list")
    assert bucket.read("a") and bucket.read("b") is None


@pytest.mark.parametrize(("code", "error"), [("NoSuchBucket", Forbidden), ("SlowDown", Exception)])
def test_what_a_service_says_otherwise_is_no_missing_object(s3, bucket, code, error):
    refuse(s3, "get", code=code)
    with pytest.raises(error, match=code):
        bucket.read("a")
