# Keeps the data keys of revision tokens, and learns the keys of health authorities. It alone makes wrapped keys.

module "trust" {
  source = "./modules/service"

  name  = "trust"
  about = "keeps the keys that others rely on"

  cpu_always      = false # all work is done within the calls of jobs
  size            = local.sizes["trust"]
  timeout_seconds = local.longest_job["trust"]
  callers         = local.callers["trust"]

  env = merge(local.settings, { REVISION_TOKEN_KEY = google_kms_crypto_key.revision_tokens.id }, lookup(var.settings, "trust", {}))

  image                = lookup(var.images, "trust", local.first_image)
  project_id           = var.project_id
  project_number       = local.project_number
  region               = var.region
  database             = google_firestore_database.this.name
  secrets              = local.secrets
  binary_authorization = var.binary_authorization != null
  deletion_protection  = var.deletion_protection
  labels               = local.labels
}

resource "google_kms_crypto_key_iam_member" "trust_wraps" {
  crypto_key_id = google_kms_crypto_key.revision_tokens.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = module.trust.member
}
