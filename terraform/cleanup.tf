# Deletes what is past retention: keys, files, totals and bookkeeping.

module "cleanup" {
  source = "./modules/service"

  name  = "cleanup"
  about = "deletes what is past retention"

  cpu_always      = false # all work is done within the calls of jobs
  size            = local.sizes["cleanup"]
  timeout_seconds = local.longest_job["cleanup"]
  callers         = local.callers["cleanup"]

  env = merge(local.settings, lookup(var.settings, "cleanup", {}))

  image                = lookup(var.images, "cleanup", local.first_image)
  project_id           = var.project_id
  project_number       = local.project_number
  region               = var.region
  database             = google_firestore_database.this.name
  secrets              = local.secrets
  binary_authorization = var.binary_authorization != null
  deletion_protection  = var.deletion_protection
  labels               = local.labels
}

resource "google_storage_bucket_iam_member" "cleanup_deletes" {
  for_each = google_storage_bucket.files

  bucket = each.value.name
  role   = "roles/storage.objectUser"
  member = module.cleanup.member
}
