# What functions import and their zip does not hold, from the wheels that requirements.txt pins.

locals {
  # The layers of each step that has any: none where its function runs in a Python that has all it imports.
  layers = {
    for step, names in { audit = ["duckdb", "pyarrow"], compact = ["duckdb", "pyarrow"], rank = ["pandas", "pyarrow"], report = ["pandas", "pyarrow"] } :
    step => [for name in names : aws_lambda_layer_version.this[name].arn if contains(keys(var.layers), name)]
  }
}

resource "aws_lambda_layer_version" "this" {
  for_each                 = var.layers
  layer_name               = "${local.service}-${each.key}"
  description              = "${each.key}, of the wheels that the functions are tested with."
  filename                 = each.value
  source_code_hash         = filebase64sha256(each.value)
  compatible_runtimes      = ["python3.13"]
  compatible_architectures = ["arm64"]

  # Functions move to a new version before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}
