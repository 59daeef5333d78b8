"""The Lambda functions: one a file, each with `handler(event, context)`."""
