"""What is sent when a report was made or restated."""

from __future__ import annotations

from datetime import datetime

from transform.reports.figures import Report
from transform.reports.headlines import headlines


def subject(report: Report) -> str:
    """Give the subject of the mail: ASCII, and no longer than the 100 characters SNS takes.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """
    again = ", restated" if report.restated else ""
    return f"Movie likes of {report.period.name}{again}"


def message(report: Report, link: str, until: datetime, place: str) -> str:
    """Give the text of the mail: the three headlines, and where the report is."""
    lines = list(headlines(report))
    if report.restated:
        lines.append("Likes came late: this report takes the place of the one before.")
    return "\n".join(
        [
            *lines,
            "",
            f"The report, until {until:%Y-%m-%d %H:%M} UTC at the latest (the link ends with the "
            "credentials it was signed with):",
            link,
            "",
            f"For those who may read the lake, for good: {place}",
            "",
        ]
    )
