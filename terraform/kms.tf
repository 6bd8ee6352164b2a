locals {
  protection = var.hsm ? "HSM" : "SOFTWARE"
}

resource "google_kms_key_ring" "this" {
  project  = var.project_id
  name     = "keyserver"
  location = coalesce(var.kms_location, var.region)

  depends_on = [google_project_service.this]
}

# What signs files. Phones know its public half, so it has no automatic rotation: docs/runbooks/rotate-a-signing-key.md.
resource "google_kms_crypto_key" "signing" {
  for_each = var.signing_keys

  name                       = each.key
  key_ring                   = google_kms_key_ring.this.id
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "${var.key_destroy_delay_days * 86400}s"
  labels                     = local.labels

  version_template {
    algorithm        = "EC_SIGN_P256_SHA256"
    protection_level = local.protection
  }

  lifecycle {
    prevent_destroy = true
  }
}

# What wraps the data keys of revision tokens. The data keys themselves are changed every week; this key every 90 days.
resource "google_kms_crypto_key" "revision_tokens" {
  name                       = "revision-tokens"
  key_ring                   = google_kms_key_ring.this.id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "7776000s"
  destroy_scheduled_duration = "${var.key_destroy_delay_days * 86400}s"
  labels                     = local.labels

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = local.protection
  }

  lifecycle {
    prevent_destroy = true
  }
}
