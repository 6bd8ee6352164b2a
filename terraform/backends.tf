# The ways from the load balancer to the services that are for the public. No log of requests: it would hold the addresses of
# phones. Idle connections need no setting: the load balancer keeps them for 600 s and the services for longer.

resource "google_compute_region_network_endpoint_group" "publish" {
  project               = var.project_id
  name                  = "keyserver-publish"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = module.publish.name
  }
}

resource "google_compute_backend_service" "publish" {
  project               = var.project_id
  name                  = "keyserver-publish"
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  security_policy       = google_compute_security_policy.public["publish"].id
  compression_mode      = "DISABLED" # the length of an answer tells nothing, and must go on telling nothing

  backend {
    group = google_compute_region_network_endpoint_group.publish.id
  }

  log_config {
    enable = false
  }
}

resource "google_compute_region_network_endpoint_group" "federation" {
  count = length(module.federation_serve)

  project               = var.project_id
  name                  = "keyserver-federation-serve"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = module.federation_serve[0].name
  }
}

resource "google_compute_backend_service" "federation" {
  count = length(module.federation_serve)

  project               = var.project_id
  name                  = "keyserver-federation-serve"
  protocol              = "HTTP2"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  security_policy       = google_compute_security_policy.public["federation"].id

  backend {
    group = google_compute_region_network_endpoint_group.federation[0].id
  }

  log_config {
    enable = false
  }
}
