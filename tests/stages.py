"""What Terraform tells of a stage that nobody made."""

from infra.stage import Outputs

OUTPUTS = Outputs(
    api_url="http://127.0.0.1/local",
    bucket="bucket",
    results_bucket="results",
    site_bucket="site",
    site_distribution="SITE",
    site_url="http://127.0.0.1/site",
    reports_url="http://127.0.0.1/site/reports/",
    stream_name="stream",
    counts_table="counts",
    trends_table="trends",
    consumer_arn="arn:aws:kinesis:us-east-1:000000000000:stream/stream/consumer/trends:1",
    firehose_name="firehose",
    event_bus="bus",
    glue_database="database",
    athena_workgroup="workgroup",
    function_names={"ingest": "IngestLike-local", "track": "TrackTrends-local"},
)
