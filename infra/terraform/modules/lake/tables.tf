# The tables are told once, in glue/tables/*.json; the Python code reads the same files.

locals {
  tables_folder = "${path.module}/../../../../glue/tables"
  tables = {
    for file in fileset(local.tables_folder, "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${local.tables_folder}/${file}"))
  }

  # Partition projection: Athena works the partitions out of these, so nobody has to add them.
  # https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
  projections = {
    for name, table in local.tables : name => length(table.partitions) == 0 ? {} : merge(
      { "projection.enabled" = "true" },
      {
        "storage.location.template" = join("", concat(
          ["s3://${var.bucket}/${table.location}"],
          [for partition in table.partitions : "${partition.name}=$${${partition.name}}/"],
        ))
      },
      [
        for partition in table.partitions : {
          for key, value in partition.projection : "projection.${partition.name}.${key}" => value
        }
      ]...
    )
  }

  formats = {
    parquet = {
      input  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
      output = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
      serde  = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }
    json = {
      input  = "org.apache.hadoop.mapred.TextInputFormat"
      output = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
      serde  = "org.openx.data.jsonserde.JsonSerDe"
    }
  }
}

resource "aws_glue_catalog_database" "this" {
  name        = "movie_likes_${var.stage}"
  description = "Movie likes: raw, deduplicated, rejected, and their trends."
}

resource "aws_glue_catalog_table" "this" {
  for_each      = local.tables
  database_name = aws_glue_catalog_database.this.name
  name          = each.value.name
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(local.projections[each.key], {
    EXTERNAL       = "TRUE"
    classification = each.value.format
  })

  storage_descriptor {
    location      = "s3://${var.bucket}/${each.value.location}"
    input_format  = local.formats[each.value.format].input
    output_format = local.formats[each.value.format].output

    ser_de_info {
      serialization_library = local.formats[each.value.format].serde
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = each.value.columns
      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }

  dynamic "partition_keys" {
    for_each = each.value.partitions
    content {
      name    = partition_keys.value.name
      type    = partition_keys.value.type
      comment = partition_keys.value.comment
    }
  }
}
