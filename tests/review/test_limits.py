"""What botocore's models limit, and botocore lets pass, is found."""

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from tests.review import limits

BATCH = {"StreamName": "s", "Data": b"1", "PartitionKey": "k"}
ALARM = {
    "AlarmName": "a",
    "EvaluationPeriods": 1,
    "ComparisonOperator": "LessThanThreshold",
    "AlarmActions": ["arn"],
}


def broken(service, operation, given):
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    return list(limits.broken(model.operation_model(operation).input_shape, given))


@pytest.mark.parametrize(
    ("service", "operation", "given", "said"),
    [
        ("kinesis", "PutRecord", BATCH, []),
        (
            "kinesis",
            "PutRecord",
            BATCH | {"PartitionKey": "k" * 257},
            [".PartitionKey: 257, and 256 is the most"],
        ),
        (
            "kinesis",
            "PutRecord",
            BATCH | {"StreamName": "a stream"},
            [".StreamName: 'a stream' is not [a-zA-Z0-9_.-]+"],
        ),
        (
            "kinesis",
            "PutRecord",
            {"PartitionKey": "k", "Shard": "1"},
            [".Data is missing", ".Shard is unknown"],
        ),
        ("cloudwatch", "PutMetricAlarm", ALARM, []),
        (
            "cloudwatch",
            "PutMetricAlarm",
            ALARM | {"EvaluationPeriods": 0, "AlarmActions": ["arn"] * 6},
            [
                ".EvaluationPeriods: 0, and 1 is the least",
                ".AlarmActions: 6, and 5 is the most",
            ],
        ),
    ],
    ids=["good", "too long", "no name", "missing", "an alarm", "numbers"],
)
def test_what_breaks_a_model_is_named(service, operation, given, said):
    assert sorted(broken(service, operation, given)) == sorted(said)


def test_a_name_that_there_is_not_is_found():
    [said] = broken("cloudwatch", "PutMetricAlarm", ALARM | {"ComparisonOperator": "Above"})
    assert said.startswith(".ComparisonOperator: 'Above' is none of GreaterThanOrEqualToThreshold")
