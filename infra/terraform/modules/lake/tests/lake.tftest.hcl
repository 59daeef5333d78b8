mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  stage                  = "test"
  bucket                 = "raw-likes-bucket-test-000000000000"
  results_bucket         = "athena-results-bucket-test-000000000000"
  disposable             = false
  raw_expires_after_days = 30
  tls_only               = true
  reports_reader         = { distribution_arn = "arn:aws:cloudfront::000000000000:distribution/SITE" }
}

run "the_lake_is_closed_kept_and_described_by_the_files" {
  assert {
    condition     = alltrue([for m in [module.lake_private, module.results_private] : length([for s in m.statements : s if s.effect == "Deny"]) == 1])
    error_message = "Both buckets refuse plain HTTP."
  }
  assert {
    condition = [
      for s in module.lake_private.statements : [s.actions, s.resources, [for c in s.condition : c.values]] if s.effect != "Deny"
      ] == [
      [toset(["s3:GetObject"]), toset(["${aws_s3_bucket.lake.arn}/reports/*"]), [tolist(["arn:aws:cloudfront::000000000000:distribution/SITE"])]],
    ]
    error_message = "The site's distribution, and no other, may read reports, and nothing else of the lake."
  }
  assert {
    condition     = alltrue([for s in module.results_private.statements : s.effect == "Deny"])
    error_message = "Nobody is let in to query results."
  }
  assert {
    condition     = !aws_s3_bucket.lake.force_destroy && module.lake_private.versioning == "Enabled" && module.results_private.versioning == null
    error_message = "What the lake holds is not destroyed by accident."
  }

  assert {
    condition = {
      for r in aws_s3_bucket_lifecycle_configuration.lake[0].rule : r.id => r.expiration[0].days if length(r.expiration) > 0 && r.id != "leftovers"
    } == { raw = 30, rollups = 10, ids = 10, errors = 90 }
    error_message = "Raw files, rollups, event ids and Firehose's errors expire, each in their time, and nothing else."
  }
  assert {
    condition = {
      for r in aws_s3_bucket_lifecycle_configuration.lake[0].rule : r.id => r.filter[0].prefix if r.id != "leftovers"
    } == { raw = "raw/", rollups = "rollups/", ids = "ids/", errors = "errors/" }
    error_message = "Each rule is for its own files only."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.results[0].rule[0].expiration[0].days == 7
    error_message = "Query results expire in days."
  }

  assert {
    condition     = toset(keys(aws_glue_catalog_table.this)) == toset([for f in fileset("../../../../glue/tables", "*.json") : trimsuffix(f, ".json")]) && length(aws_glue_catalog_table.this) >= 5
    error_message = "Each file of glue/tables is a table."
  }
  assert {
    condition = alltrue([
      for name, t in aws_glue_catalog_table.this :
      [for c in t.storage_descriptor[0].columns : [c.name, c.type, c.comment]] == [
        for c in jsondecode(file("../../../../glue/tables/${name}.json")).columns : [c.name, c.type, c.comment]
      ] &&
      [for p in t.partition_keys : p.name] == [for p in jsondecode(file("../../../../glue/tables/${name}.json")).partitions : p.name]
    ])
    error_message = "Columns are those of the file, in its order."
  }
  assert {
    condition     = aws_glue_catalog_table.this["likes_raw"].parameters["storage.location.template"] == "s3://raw-likes-bucket-test-000000000000/raw/arrival_day=$${arrival_day}/arrival_hour=$${arrival_hour}/"
    error_message = "Athena finds a partition's files by its name."
  }
  assert {
    condition = (
      aws_glue_catalog_table.this["likes_raw"].parameters["projection.arrival_hour.digits"] == "2" &&
      aws_glue_catalog_table.this["likes_raw"].parameters["projection.arrival_hour.type"] == "integer" &&
      aws_glue_catalog_table.this["likes"].parameters["projection.day.interval.unit"] == "DAYS"
    )
    error_message = "Projection is what the file says."
  }
  assert {
    condition     = !anytrue([for parameter in keys(aws_glue_catalog_table.this["movies"].parameters) : can(regex("projection|template", parameter))]) && aws_glue_catalog_table.this["movies"].storage_descriptor[0].location == "s3://raw-likes-bucket-test-000000000000/movies/"
    error_message = "A table without partitions is its folder, and has none to project."
  }
  assert {
    condition     = aws_glue_catalog_table.this["rejected"].storage_descriptor[0].ser_de_info[0].serialization_library == "org.openx.data.jsonserde.JsonSerDe"
    error_message = "Rejects are JSON lines."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration && aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 100 * pow(1024, 3)
    error_message = "The workgroup's limit holds for every client."
  }
  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_S3"
    error_message = "Results are encrypted."
  }
}

run "a_stage_that_is_wiped_keeps_everything_until_then" {
  variables {
    raw_expires_after_days = null
    tls_only               = false
    disposable             = true
    reports_reader         = null
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.lake) + length(aws_s3_bucket_lifecycle_configuration.results) + length(module.lake_private.statements) + length(module.results_private.statements) == 0
    error_message = "No rule of expiry, and plain HTTP is let in."
  }
  assert {
    condition     = aws_s3_bucket.lake.force_destroy
    error_message = "A disposable lake is destroyed in one go."
  }
}

run "a_bad_stage_and_raw_files_that_go_too_soon_are_refused" {
  command = plan

  variables {
    stage                  = "my-test"
    raw_expires_after_days = 1
  }

  expect_failures = [var.stage, var.raw_expires_after_days]
}
