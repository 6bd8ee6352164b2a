# Downloads the newest file as phones do, and checks its signature, its content and its age. It knows what everybody knows: its
# account has no rights at all.

locals {
  verified = var.verify_image == null ? {} : { for name, root in var.verify_roots : name => "https://${var.buckets[name].host}/${root}/index.txt" }
}

resource "google_service_account" "verify" {
  count = length(local.verified) == 0 ? 0 : 1

  project      = var.project_id
  account_id   = "keyserver-verify"
  display_name = "downloads and verifies the newest file"
}

resource "google_cloud_run_v2_job" "verify" {
  count = length(local.verified) == 0 ? 0 : 1

  project             = var.project_id
  location            = var.region
  name                = "keyserver-verify"
  labels              = local.labels
  deletion_protection = false

  template {
    template {
      service_account = google_service_account.verify[0].email
      timeout         = "300s"
      max_retries     = 1 # one answer decides nothing

      containers {
        image = var.verify_image
        args = concat(
          ["export", "verify", "--newest", tostring(var.verify_newest), "--max-file-age-hours", tostring(var.max_file_age_hours)],
          [for name, index in local.verified : index],
        )
        resources {
          limits = { cpu = "1", memory = "1Gi" }
        }
      }
    }
  }

  dynamic "binary_authorization" {
    for_each = var.binary_authorization == null ? [] : [1]
    content {
      use_default = true
    }
  }
}

resource "google_service_account" "verify_starter" {
  count = length(local.verified) == 0 ? 0 : 1

  project      = var.project_id
  account_id   = "call-verify"
  display_name = "starts the verification of files"
}

# It may start jobs of this project, of which this is the only one, and only as they are.
resource "google_project_iam_member" "verify_starter" {
  count = length(local.verified) == 0 ? 0 : 1

  project = var.project_id
  role    = "roles/run.jobsExecutor"
  member  = google_service_account.verify_starter[0].member
}

resource "google_cloud_scheduler_job" "verify" {
  count = length(local.verified) == 0 ? 0 : 1

  project          = var.project_id
  region           = var.region
  name             = "keyserver-verify"
  schedule         = "*/15 * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.verify[0].id}:run"

    oauth_token {
      service_account_email = google_service_account.verify_starter[0].email
    }
  }
}
