# Fetches keys from other servers. Its account is how they know this one: docs/api/federation.md.

module "federation_pull" {
  source = "./modules/service"
  count  = length(var.federation_queries) == 0 ? 0 : 1

  name  = "federation-pull"
  about = "fetches keys from other servers"

  cpu_always      = false # all work is done within the calls of jobs
  size            = local.sizes["federation-pull"]
  timeout_seconds = local.longest_job["federation-pull"]
  callers         = local.callers["federation-pull"]

  env = merge(local.settings, lookup(var.settings, "federation-pull", {}))

  image                = lookup(var.images, "federation-pull", local.first_image)
  project_id           = var.project_id
  project_number       = local.project_number
  region               = var.region
  database             = google_firestore_database.this.name
  secrets              = local.secrets
  binary_authorization = var.binary_authorization != null
  deletion_protection  = var.deletion_protection
  labels               = local.labels
}
