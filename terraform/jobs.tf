# The jobs of the code's own table. Each runs as an account of its own, which may do nothing but be known by its mail address.

locals {
  # By service: name, route, schedule, deadline and retries. Written by `npm run generate:terraform`.
  job_table = jsondecode(file("${path.module}/jobs.json"))

  # What has jobs here. A job that there is for each federation query is there once for each.
  jobs = { for job in flatten([for service, jobs in local.job_table : [for job in jobs : [
    for id in try(job.oneForEach, null) == null ? [""] : tolist(var.federation_queries) : {
      id              = join("-", compact([service, job.name, id]))
      service         = service
      caller          = job.name
      route           = replace(job.route, "ID", urlencode(id))
      schedule        = job.schedule
      deadlineSeconds = job.deadlineSeconds
      retries         = job.retries
      logged          = job.logged
    }
  ]]]) : job.id => job }

  # One account for each row of the table, and thus one for all federation queries.
  caller_jobs = { for job in values(local.jobs) : job.caller => job.service... }
  callers = { for service, _ in local.job_table : service => {
    for caller, services in local.caller_jobs : caller => google_service_account.caller[caller].email if services[0] == service
  } }

  # A request lives as long as the scheduler waits for it; the service stops earlier by itself.
  longest_job = { for service, jobs in local.job_table : service => max([for job in jobs : job.deadlineSeconds]...) }
}

resource "google_service_account" "caller" {
  for_each = local.caller_jobs

  project      = var.project_id
  account_id   = "call-${each.key}"
  display_name = "starts ${each.key} of ${each.value[0]}"
}

resource "google_cloud_scheduler_job" "this" {
  for_each = local.jobs

  project          = var.project_id
  region           = var.region
  name             = "keyserver-${each.key}"
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "${each.value.deadlineSeconds}s"

  # What failed is tried again soon; after the last try the next turn comes.
  retry_config {
    retry_count          = each.value.retries
    min_backoff_duration = "10s"
    max_backoff_duration = "120s"
    max_doublings        = 3
  }

  http_target {
    http_method = "POST"
    uri         = "${local.services[each.value.service].url}${each.value.route}"

    oidc_token {
      service_account_email = google_service_account.caller[each.value.caller].email
      audience              = local.services[each.value.service].url
    }
  }

  lifecycle {
    # `npx keyserver jobs pause` pauses a job, with a word in the audit. An apply must not start it behind the operator's back.
    ignore_changes = [paused]
  }

  depends_on = [google_project_service.this]
}
