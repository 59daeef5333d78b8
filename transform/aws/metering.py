"""The metrics of a function: of what it is called, and of which stage.

A metric costs by the hour that it is told in: of what is mostly 0, nothing is told then.
"""

import os

from aws_lambda_powertools import Metrics

STAGE = "LAKE_STAGE"


def metrics() -> Metrics:
    """Give a function's metrics, whose dimensions are `service` and `stage`.

    Powertools knows the first of its environment, which is read as the function starts. Without a
    stage two of an account would add up: an alarm of one would ring for the other.
    """
    made = Metrics()
    made.set_default_dimensions(stage=os.environ.get(STAGE, "local"))
    return made
