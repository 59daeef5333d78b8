"""What functions measure is of one function, and of one stage."""

import json

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from infra.paths import REPOSITORY
from transform.aws import metering


def test_a_metric_says_whose_it_is_and_of_which_stage(monkeypatch, capsys):
    """Each time: dimensions of the embedded metric format are told with every line.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    monkeypatch.setenv("LAKE_STAGE", "prod")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "CompactLake")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "MovieLikes")
    for shared in ("_default_dimensions", "_dimensions", "_metrics"):  # of a process
        monkeypatch.setattr(Metrics, shared, {})
    metrics = metering.metrics()
    for _ in range(2):
        metrics.log_metrics(lambda event, context: metrics.add_metric("A", MetricUnit.Count, 1))(
            {}, None
        )
    for line in capsys.readouterr().out.splitlines():
        told = json.loads(line)
        [measured] = told["_aws"]["CloudWatchMetrics"]
        assert sorted(*measured["Dimensions"]) == ["service", "stage"]
        assert (told["stage"], told["service"]) == ("prod", "CompactLake")


def test_every_function_measures_so():
    handlers = [
        path.read_text("utf-8") for path in (REPOSITORY / "transform/handlers").glob("*.py")
    ]
    measuring = [text for text in handlers if "metrics.add_metric" in text]
    assert len(measuring) >= 7
    assert all("\nmetrics = metering.metrics()\n" in text for text in measuring)
