"""What was applied is told of in the README, and each alarm is paid for."""

from tests.review import resources


def state(*types, alarms=0):
    found = [*types, *["aws_cloudwatch_metric_alarm"] * bool(alarms)]
    return {
        "resources": [
            {"mode": "managed", "type": one, "instances": [{}] * max(alarms, 1)} for one in found
        ]
        + [{"mode": "data", "type": "aws_region", "instances": [{}]}]
    }


def test_a_type_that_no_row_tells_of_is_named():
    assert list(resources.untold(state("aws_kinesis_stream", "aws_s3_bucket"))) == []
    told = resources.untold(state("aws_kinesis_stream", "aws_instance", "terraform_data"))
    assert list(told) == ["aws_instance"]


def test_alarms_that_are_not_paid_are_told():
    assert list(resources.unpaid(state(alarms=47))) == []
    assert list(resources.unpaid(state(alarms=48))) == ["there are 48"]
