# Alerts are rows of two tables: what figures tell (queries), and what single lines of the log tell (lines). This file makes
# policies of them. Every alert has a runbook of its name in docs/runbooks.

locals {
  # Every figure of the code; written by `npm run generate:terraform`. Cloud Monitoring makes their descriptors itself when the
  # first figure comes, since metrics of Prometheus cannot be declared: docs/decisions/0052-alerts-over-declared-figures.md.
  metrics = jsondecode(file("${path.module}/metrics.json"))

  queries = merge(local.symptoms, local.progress, local.instants, local.resources)
  lines   = merge(local.alarms, local.people)

  told = {
    CRITICAL = concat(var.channels, var.paging_channels)
    ERROR    = var.channels
    WARNING  = var.channels
  }

  # The figures that each query asks for, and which of them nobody declares.
  asked = { for name, alert in local.queries : name => distinct([
    for figure in regexall("keyserver_[a-z_]+", alert.query) : replace(figure, "/_(bucket|count|sum)$/", "")
  ]) }
  undeclared = { for name, figures in local.asked : name => [for figure in figures : figure if !contains(keys(local.metrics), figure)] }
}

resource "google_monitoring_alert_policy" "query" {
  for_each = local.queries

  project               = var.project_id
  display_name          = "keyserver: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.told[each.value.severity]
  user_labels           = var.labels

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.duration
      evaluation_interval = "60s"

      # A figure that nothing has sent yet has no descriptor; what there will be is checked here instead.
      disable_metric_validation = true
    }
  }

  documentation {
    subject   = each.value.title
    mime_type = "text/markdown"
    content   = "Runbook: docs/runbooks/${each.value.runbook}.md"
  }

  alert_strategy {
    auto_close = "1800s"
  }

  lifecycle {
    precondition {
      condition     = length(local.undeclared[each.key]) == 0
      error_message = "The alert ${each.key} asks for a figure that nobody declares: ${join(", ", local.undeclared[each.key])}."
    }
  }
}

resource "google_monitoring_alert_policy" "line" {
  for_each = local.lines

  project               = var.project_id
  display_name          = "keyserver: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.told[each.value.severity]
  user_labels           = var.labels

  conditions {
    display_name = each.value.title

    condition_matched_log {
      filter           = each.value.filter
      label_extractors = each.value.labels
    }
  }

  documentation {
    subject   = each.value.title
    mime_type = "text/markdown"
    content   = "Runbook: docs/runbooks/${each.value.runbook}.md"
  }

  alert_strategy {
    auto_close = "3600s"

    notification_rate_limit {
      period = "900s"
    }
  }
}
