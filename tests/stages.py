"""What Terraform tells of a stage that nobody made."""

from infra.stage import Outputs

OUTPUTS = Outputs(
    api_url="http://127.0.0.1/local",
    bucket="bucket",
    results_bucket="results",
    stream_name="stream",
    counts_table="counts",
    firehose_name="firehose",
    event_bus="bus",
    glue_database="database",
    athena_workgroup="workgroup",
    function_names={"ingest": "IngestLike-local"},
)
