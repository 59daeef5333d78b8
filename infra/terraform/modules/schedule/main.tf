# Calls a function again and again. A call that comes late is not made up for: the next one does its work too.

locals {
  function = coalesce(var.function.name, var.name)
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297:It holds when to call a function, no secret.
  name                = var.name
  description         = var.description
  schedule_expression = var.expression

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.function.arn
    role_arn = aws_iam_role.this.arn
    input    = var.input

    # How long Scheduler tries to hand the call over; the function says how long Lambda then keeps it.
    retry_policy {
      maximum_event_age_in_seconds = var.event_age_seconds
      maximum_retry_attempts       = 185
    }

    # What could not be handed over lies where the function's own failures lie, under the same alarm.
    dead_letter_config {
      arn = var.function.dead_letters_arn
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
