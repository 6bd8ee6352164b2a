# What phones, partners and the public notice, in PromQL. A window and an offset are 25 hours at most together, which is as far as
# Cloud Monitoring looks back for an alert: https://cloud.google.com/monitoring/alerts/concepts-indepth

locals {
  uploads = "route=\"/v1/publish\""
  # Refusals that take as long as uploads on purpose.
  refusals = "${local.uploads},blame=\"client\",result!~\"aborted|overloaded\""

  symptoms = merge({
    uploads-failing = {
      title    = "uploads fail here"
      severity = "CRITICAL"
      runbook  = "uploads-failing"
      duration = "300s"
      query    = "sum(rate(keyserver_request_seconds_count{${local.uploads},blame=\"server\"}[5m])) / sum(rate(keyserver_request_seconds_count{${local.uploads}}[5m])) > 0.01"
    }

    uploads-slow = {
      title    = "uploads are slow"
      severity = "ERROR"
      runbook  = "uploads-slow"
      duration = "600s"
      query    = "histogram_quantile(0.99, sum by (le) (rate(keyserver_request_seconds_bucket{${local.uploads}}[5m]))) > 2.5"
    }

    uploads-turned-away = {
      title    = "uploads are turned away, as too many come at a time"
      severity = "CRITICAL"
      runbook  = "uploads-turned-away"
      duration = "120s"
      query    = "sum(increase(keyserver_events_total{event=\"publish.overloaded\"}[5m])) > 0"
    }

    # What is refused and what is cover traffic get the time of a stored upload by the same rule, and refusals are measured.
    answer-times-differ = {
      title    = "how long an answer takes tells what was asked"
      severity = "ERROR"
      runbook  = "answer-times-differ"
      duration = "900s"
      query = join(" ", [
        "abs(sum(rate(keyserver_request_seconds_sum{${local.refusals}}[1h])) / sum(rate(keyserver_request_seconds_count{${local.refusals}}[1h]))",
        "/ (sum(rate(keyserver_request_seconds_sum{${local.uploads},result=\"ok\"}[1h])) / sum(rate(keyserver_request_seconds_count{${local.uploads},result=\"ok\"}[1h]))) - 1) > 0.25",
        "and sum(increase(keyserver_request_seconds_count{${local.refusals}}[1h])) > 200",
        "and sum(increase(keyserver_request_seconds_count{${local.uploads},result=\"ok\"}[1h])) > 200",
      ])
    }

    answer-times-unshared = {
      title    = "instances cannot tell each other how long uploads take"
      severity = "WARNING"
      runbook  = "answer-times-differ"
      duration = "900s"
      query    = "sum(increase(keyserver_events_total{event=\"publish.times_not_shared\"}[15m])) > 3"
    }

    export-stale = {
      title    = "files are late"
      severity = "CRITICAL"
      runbook  = "export-stale"
      duration = "300s"
      query    = "sum(increase(keyserver_events_total{event=~\"export.late|export.prefix_held\"}[15m])) > 0"
    }

    unsigned-attempt = {
      title    = "a file was to be made and nothing can sign it"
      severity = "CRITICAL"
      runbook  = "unsigned-attempt"
      duration = "0s"
      query    = "sum by (config) (increase(keyserver_batches_failed_total{reason=\"no_signer\"}[10m])) > 0"
    }

    deletion-overdue = {
      title    = "what is past retention is still there"
      severity = "CRITICAL"
      runbook  = "deletion-overdue"
      duration = "0s"
      query    = "sum by (event) (increase(keyserver_events_total{event=~\"cleanup.(keys_held|keys_lost|still_listed|objects_unknown|records_missing)\"}[5h])) > 0"
    }

    unhealthy = {
      title    = "a service says that it cannot do its work"
      severity = "CRITICAL"
      runbook  = "service.unhealthy"
      duration = "0s"
      query    = "sum by (problem) (increase(keyserver_health_problems_total[10m])) > 0"
    }
    }, length(var.federation_queries) == 0 ? {} : {
    federation-behind = {
      title    = "what is fetched from partners is far behind"
      severity = "ERROR"
      runbook  = "federation-behind"
      duration = "900s"
      query    = "histogram_quantile(0.5, sum by (le, query) (increase(keyserver_federation_lag_seconds_bucket[1h]))) > 14400"
    }
    }, var.verify_job == null ? {} : {
    file-unverified = {
      title    = "no newest file could be verified for an hour"
      severity = "CRITICAL"
      runbook  = "file-unverified"
      duration = "0s"
      query    = "(sum(increase(run_googleapis_com:job_completed_execution_count{monitored_resource=\"cloud_run_job\",job_name=\"${var.verify_job}\",result=\"succeeded\"}[1h])) or vector(0)) < 1"
    }
  })
}
