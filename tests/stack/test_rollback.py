"""A stage goes back to the release before: what is called, and what the page shows."""

import json

from infra.cli import rollback
from infra.stage import LIVE, Stage


def test_functions_and_page_go_back_to_the_release_before(stage, run, role, monkeypatch):
    """By a mender's rights."""
    functions, s3 = stage.client("lambda"), stage.client("s3")
    name, bucket = stage.outputs.function_names["read"], stage.outputs.site_bucket
    before = functions.get_function_configuration(FunctionName=name, Qualifier=LIVE)
    variables, page = (
        before["Environment"]["Variables"],
        s3.get_object(Bucket=bucket, Key="404.html"),
    )
    first, shown = variables[rollback.RELEASE], page["Body"].read()
    assert page["Metadata"]["release"] == first

    def deploy(release):
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables | {rollback.RELEASE: release}}
        )
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
        return functions.publish_version(FunctionName=name)["Version"]

    newer = deploy("0123456789ab")
    try:
        functions.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=newer)
        told = {"Bucket": bucket, "Key": "404.html", "ContentType": page["ContentType"]}
        s3.put_object(**told, Body=b"new", Metadata={rollback.METADATA: "0123456789ab"})
        mender = role("mender")
        with monkeypatch.context() as patch:
            patch.setattr(Stage, "client", mender)
            listed = json.loads(run("rollback", "--list", "--format", "json"))
            [done] = json.loads(run("rollback", "--yes", "--format", "json"))
        assert [(one["release"], one["functions"], one["live"]) for one in listed] == [
            ("0123456789ab", 1, 1),
            (first, 9, 8),
        ]
        assert done == {"release": first, "functions": 1, "files": 1}
        called = functions.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
        assert called == before["Version"]
        again = s3.get_object(Bucket=bucket, Key="404.html")
        assert (again["Body"].read(), again["ContentType"]) == (shown, page["ContentType"])
    finally:
        functions.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=before["Version"])
        functions.delete_function(FunctionName=name, Qualifier=newer)
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )
