# What is asked from outside, from several parts of the world. Federation speaks gRPC, which these checks do not: there any answer will
# do, as it shows that name, certificate and load balancer are well. The rest is in the events of that service.

locals {
  checks = merge(
    { publish = { host = var.publish_host, path = "/health", period = "60s", json = true, any = false } },
    var.federation_host == null ? {} : { federation = { host = var.federation_host, path = "/", period = "300s", json = false, any = true } },
    { for name, root in var.roots : "files-${name}" => { host = var.file_hosts[name], path = "/${root}/index.txt", period = "300s", json = false, any = false } },
  )
}

resource "google_monitoring_uptime_check_config" "this" {
  for_each = local.checks

  project      = var.project_id
  display_name = "keyserver: ${each.key}"
  period       = each.value.period
  timeout      = "10s"
  user_labels  = var.labels

  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project_id, host = each.value.host }
  }

  http_check {
    path         = each.value.path
    port         = 443
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_value = each.value.any ? null : 200
      status_class = each.value.any ? "STATUS_CLASS_ANY" : null
    }
  }

  dynamic "content_matchers" {
    for_each = each.value.json ? [1] : []
    content {
      content = "\"ok\""
      matcher = "MATCHES_JSON_PATH"
      json_path_matcher {
        json_path    = "$.status"
        json_matcher = "EXACT_MATCH"
      }
    }
  }
}

resource "google_monitoring_alert_policy" "unreachable" {
  for_each = local.checks

  project               = var.project_id
  display_name          = "keyserver: ${each.key} cannot be reached"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.told["CRITICAL"]
  user_labels           = var.labels

  conditions {
    display_name = "more than one place fails for five minutes"

    condition_threshold {
      filter          = "resource.type=\"uptime_url\" AND metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.this[each.key].uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "300s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  documentation {
    subject   = "${each.key} cannot be reached"
    mime_type = "text/markdown"
    content   = "Runbook: docs/runbooks/unreachable.md"
  }
}

resource "google_monitoring_alert_policy" "certificate" {
  project               = var.project_id
  display_name          = "keyserver: a certificate ends in less than 14 days"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.told["ERROR"]
  user_labels           = var.labels

  conditions {
    display_name = "it should have been renewed two weeks ago"

    condition_threshold {
      filter          = "resource.type=\"uptime_url\" AND metric.type=\"monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires\""
      comparison      = "COMPARISON_LT"
      threshold_value = 14
      duration        = "600s"

      aggregations {
        alignment_period     = "1200s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_MEAN"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  documentation {
    subject   = "a certificate ends soon"
    mime_type = "text/markdown"
    content   = "Runbook: docs/runbooks/certificate-ending.md"
  }
}
