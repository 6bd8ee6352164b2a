# Writes the signed files. It alone signs.

module "export" {
  source = "./modules/service"

  name  = "export"
  about = "cuts time into batches, and writes signed files"

  cpu_always      = false # all work is done within the calls of jobs
  size            = local.sizes["export"]
  timeout_seconds = local.longest_job["export"]
  callers         = local.callers["export"]

  env = merge(local.settings, { INDEX_MAX_AGE_SECONDS = tostring(var.index_max_age_seconds) }, lookup(var.settings, "export", {}))

  image                = lookup(var.images, "export", local.first_image)
  project_id           = var.project_id
  project_number       = local.project_number
  region               = var.region
  database             = google_firestore_database.this.name
  secrets              = local.secrets
  binary_authorization = var.binary_authorization != null
  deletion_protection  = var.deletion_protection
  labels               = local.labels
}

resource "google_kms_crypto_key_iam_member" "export_signs" {
  for_each = google_kms_crypto_key.signing

  crypto_key_id = each.value.id
  role          = "roles/cloudkms.signerVerifier"
  member        = module.export.member
}

resource "google_storage_bucket_iam_member" "export_writes" {
  for_each = google_storage_bucket.files

  bucket = each.value.name
  role   = "roles/storage.objectUser"
  member = module.export.member
}
