# Gives partners the keys that they may have, by gRPC: HTTP/2 from the load balancer to the container.

module "federation_serve" {
  source = "./modules/service"
  count  = var.federation_host == null ? 0 : 1

  name  = "federation-serve"
  about = "gives partners the keys that they may have"

  http2           = true
  cpu_always      = false # nothing is done between calls
  size            = local.sizes["federation-serve"]
  timeout_seconds = 120 # a call ends after CALL_DEADLINE_SECONDS, 60 unless set

  env = merge(local.settings, lookup(var.settings, "federation-serve", {}))

  image                = lookup(var.images, "federation-serve", local.first_image)
  project_id           = var.project_id
  project_number       = local.project_number
  region               = var.region
  database             = google_firestore_database.this.name
  secrets              = local.secrets
  binary_authorization = var.binary_authorization != null
  deletion_protection  = var.deletion_protection
  labels               = local.labels
}
