# Takes uploads. It may unwrap the data keys of revision tokens, and neither make one, nor sign, nor reach a file.

module "publish" {
  source = "./modules/service"

  name  = "publish"
  about = "takes the keys of people who tested positive"

  # The processor works between requests too: every ten seconds it reads what is paused, and it sends figures. One instance
  # always runs, since a cold start would show in the time of the first answer, and cover traffic hides among others.
  cpu_always      = true
  size            = local.sizes["publish"]
  timeout_seconds = 60

  env = merge(local.settings, { REVISION_TOKEN_KEY = google_kms_crypto_key.revision_tokens.id }, lookup(var.settings, "publish", {}))

  image                = lookup(var.images, "publish", local.first_image)
  project_id           = var.project_id
  project_number       = local.project_number
  region               = var.region
  database             = google_firestore_database.this.name
  secrets              = local.secrets
  binary_authorization = var.binary_authorization != null
  deletion_protection  = var.deletion_protection
  labels               = local.labels
}

resource "google_kms_crypto_key_iam_member" "publish_unwraps" {
  crypto_key_id = google_kms_crypto_key.revision_tokens.id
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  member        = module.publish.member
}
