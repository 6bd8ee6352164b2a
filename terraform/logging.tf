# What is kept of logs, and for how long. Lines of the services hold no addresses. Google's own logs of requests do, so none is kept.

resource "google_logging_project_bucket_config" "default" {
  project        = var.project_id
  location       = "global"
  bucket_id      = "_Default"
  retention_days = var.log_retention_days
}

# The sink is there already. The provider takes it over: https://github.com/GoogleCloudPlatform/magic-modules/pull/9384
resource "google_logging_project_sink" "default" {
  project                = var.project_id
  name                   = "_Default"
  destination            = "logging.googleapis.com/projects/${var.project_id}/locations/global/buckets/_Default"
  unique_writer_identity = true
  filter = join(" AND ", [
    "NOT LOG_ID(\"cloudaudit.googleapis.com/activity\")",
    "NOT LOG_ID(\"externalaudit.googleapis.com/activity\")",
    "NOT LOG_ID(\"cloudaudit.googleapis.com/system_event\")",
    "NOT LOG_ID(\"externalaudit.googleapis.com/system_event\")",
    "NOT LOG_ID(\"cloudaudit.googleapis.com/access_transparency\")",
    "NOT LOG_ID(\"externalaudit.googleapis.com/access_transparency\")",
  ])

  exclusions {
    name        = "requests-of-services"
    description = "Cloud Run's log of requests holds the addresses of phones."
    filter      = "LOG_ID(\"run.googleapis.com/requests\")"
  }

  exclusions {
    name        = "requests-of-the-load-balancer"
    description = "So does the load balancer's, which is always on for buckets."
    filter      = "resource.type=\"http_load_balancer\""
  }

  exclusions {
    name        = "who-read-data"
    description = "This is kept longer, in a bucket of its own."
    filter      = "LOG_ID(\"cloudaudit.googleapis.com/data_access\")"
  }
}

resource "google_logging_project_bucket_config" "audit" {
  project        = var.project_id
  location       = var.region
  bucket_id      = "keyserver-audit"
  description    = "Who read or changed secrets, keys and data."
  retention_days = var.audit_log_retention_days
}

resource "google_logging_project_sink" "audit" {
  project                = var.project_id
  name                   = "keyserver-audit"
  description            = "Who read or changed secrets, keys and data."
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.audit.id}"
  filter                 = "LOG_ID(\"cloudaudit.googleapis.com/data_access\") OR LOG_ID(\"cloudaudit.googleapis.com/activity\")"
  unique_writer_identity = true
}

locals {
  # Services read and write the database and the buckets all the time, and each line would cost as much as what it tells of. So
  # these two products log what everybody else does.
  runtime_members = [for service in values(local.services) : service.member]

  audited = {
    "secretmanager.googleapis.com"  = []
    "cloudkms.googleapis.com"       = []
    "iam.googleapis.com"            = []
    "datastore.googleapis.com"      = local.runtime_members
    "firestore.googleapis.com"      = local.runtime_members
    "storage.googleapis.com"        = local.runtime_members
    "run.googleapis.com"            = []
    "cloudscheduler.googleapis.com" = []
  }
}

resource "google_project_iam_audit_config" "this" {
  for_each = local.audited

  project = var.project_id
  service = each.key

  dynamic "audit_log_config" {
    for_each = toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])
    content {
      log_type         = audit_log_config.key
      exempted_members = each.value
    }
  }

  depends_on = [google_project_service.this]
}
