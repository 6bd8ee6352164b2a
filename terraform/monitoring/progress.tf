# Each job must succeed now and then. A job that is not there, does not run, or sends no figures counts as one without success.

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
      query    = "(sum(increase(keyserver_job_runs_total{job_name=\"${job}\",outcome=~\"done|idle\"}[${local.patience[job]}])) or vector(0)) < 1"
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
