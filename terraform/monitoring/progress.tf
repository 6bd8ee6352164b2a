# Each job must succeed now and then, by its figures or by its lines in the log. Two ways, since the first value of a counter may not
# count as growth, and an instance that lives for one run sends no second one. A job that is not there shows in neither.

locals {
  # For how long a job may be without success: a few turns of its schedule, and its deadline.
  patience = {
    "create-batches"         = "20m"
    "do-work"                = "12m"
    "cleanup-totals"         = "20m"
    "cleanup-keys"           = "8h15m"
    "cleanup-exports"        = "8h15m"
    "rotate-keys"            = "8h15m"
    "refresh-authority-keys" = "30m"
    "federation-pull"        = "50m"
  }

  progress = merge(
    { for job in distinct([for job in values(var.jobs) : job.logged]) : "no-success-${job}" => {
      title    = "the job ${job} has had no success for ${local.patience[job]}"
      severity = "CRITICAL"
      runbook  = "jobs-without-success"
      duration = "120s"
      query = join(" ", [
        "(sum(increase(keyserver_job_runs_total{job_name=\"${job}\",outcome=~\"done|idle\"}[${local.patience[job]}])) or vector(0))",
        "+ (sum(increase(logging_googleapis_com:user_jobs_finished{monitored_resource=\"cloud_run_revision\",job_name=\"${job}\"}[${local.patience[job]}])) or vector(0))",
        "< 1",
      ])
    } },
    {
      figures-missing = {
        title    = "no figures arrive, and other alerts are blind"
        severity = "CRITICAL"
        runbook  = "figures-missing"
        duration = "300s"
        query    = "absent_over_time(keyserver_job_runs_total[15m])"
      }
    },
  )
}

resource "google_logging_metric" "jobs_finished" {
  project     = var.project_id
  name        = "jobs_finished"
  description = "Runs of jobs that succeeded, by their lines in the log."
  filter      = "resource.type=\"cloud_run_revision\" AND jsonPayload.message=\"job.finished\""

  label_extractors = { job_name = "EXTRACT(jsonPayload.job)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key         = "job_name"
      value_type  = "STRING"
      description = "The job, as events and figures call it."
    }
  }
}
