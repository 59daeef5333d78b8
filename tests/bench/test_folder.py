"""The bucket in a folder holds what a bucket holds."""

import io

from tests.bench.folder import Folder


def listed(bucket, prefix, after=""):
    [page] = bucket.get_paginator("list_objects_v2").paginate("lake", prefix, after)
    return [item["Key"] for item in page["Contents"]]


def test_a_key_may_end_with_a_slash_beside_keys_below_it(tmp_path):
    bucket = Folder(tmp_path)
    for key in ("reports/a.html", "reports/", "reports/b/c.csv"):
        bucket.put_object("lake", key, io.BytesIO(key.encode()))
    for key in ("reports/a.html", "reports/", "reports/b/c.csv"):
        with bucket.get_object("lake", key)["Body"] as body:
            assert body.read() == key.encode()
    assert listed(bucket, "reports/") == ["reports/", "reports/a.html", "reports/b/c.csv"]
    assert listed(bucket, "reports/", "reports/") == ["reports/a.html", "reports/b/c.csv"]
    assert listed(bucket, "reports/a") == ["reports/a.html"]
