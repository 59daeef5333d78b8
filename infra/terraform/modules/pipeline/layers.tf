# What functions import and their zip does not hold, from the wheels that requirements.txt pins.

locals {
  layers = { for name, layer in aws_lambda_layer_version.this : name => layer.arn }
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
