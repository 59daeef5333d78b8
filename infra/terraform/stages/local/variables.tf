variable "endpoint" {
  description = "Address of the emulator."
  type        = string

  validation {
    condition     = can(regex("^http://[^/]+$", var.endpoint))
    error_message = "The endpoint is http://host:port, without a closing slash."
  }
}

variable "package" {
  description = "Path of the functions' zip, made by infra/build.py."
  type        = string
}
