variable "package" {
  description = "Path of the functions' zip, made by infra/build.py."
  type        = string
}

variable "duckdb_layer" {
  description = "Path of the zip of DuckDB's layer, made by infra/build.py."
  type        = string
}

variable "alarm_email" {
  description = "Who is written to when an alarm rings; null: nobody yet."
  type        = string
  default     = null
}
