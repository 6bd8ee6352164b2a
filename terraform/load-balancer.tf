# One address for phones and partners. A service that is still to come needs a line in `hosts`, and its backend: the console
# one with an `iap` block, so that only people of the authority reach it.

locals {
  hosts = merge(
    { (var.publish_host) = google_compute_backend_service.publish.id },
    { for name, bucket in var.buckets : bucket.host => google_compute_backend_bucket.files[name].id },
    { for backend in google_compute_backend_service.federation : var.federation_host => backend.id },
  )
}

resource "google_compute_global_address" "this" {
  for_each = toset(["IPV4", "IPV6"])

  project    = var.project_id
  name       = "keyserver-${lower(each.key)}"
  ip_version = each.key

  depends_on = [google_project_service.this]
}

# One for each host: a new host has to wait for its own, and the others go on with theirs.
resource "google_compute_managed_ssl_certificate" "this" {
  for_each = toset(keys(local.hosts))

  project = var.project_id
  name    = "keyserver-${substr(sha256(each.key), 0, 8)}"

  managed {
    domains = [each.key]
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_ssl_policy" "this" {
  project         = var.project_id
  name            = "keyserver"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.this]
}

resource "google_compute_url_map" "https" {
  project = var.project_id
  name    = "keyserver"

  # A host that nobody named is sent to the one of uploads, and reaches no backend.
  default_url_redirect {
    host_redirect          = var.publish_host
    https_redirect         = true
    redirect_response_code = "FOUND"
    strip_query            = true
  }

  dynamic "host_rule" {
    for_each = local.hosts
    content {
      hosts        = [host_rule.key]
      path_matcher = "host-${replace(host_rule.key, ".", "-")}"
    }
  }

  dynamic "path_matcher" {
    for_each = local.hosts
    content {
      name            = "host-${replace(path_matcher.key, ".", "-")}"
      default_service = path_matcher.value
    }
  }
}

resource "google_compute_target_https_proxy" "this" {
  project          = var.project_id
  name             = "keyserver"
  url_map          = google_compute_url_map.https.id
  ssl_certificates = [for host in sort(keys(local.hosts)) : google_compute_managed_ssl_certificate.this[host].id]
  ssl_policy       = google_compute_ssl_policy.this.id
}

resource "google_compute_global_forwarding_rule" "https" {
  for_each = google_compute_global_address.this

  project               = var.project_id
  name                  = "keyserver-https-${lower(each.key)}"
  ip_address            = each.value.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.this.id
  load_balancing_scheme = "EXTERNAL_MANAGED"
  labels                = local.labels
}

resource "google_compute_url_map" "http" {
  project = var.project_id
  name    = "keyserver-http"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_target_http_proxy" "this" {
  project = var.project_id
  name    = "keyserver"
  url_map = google_compute_url_map.http.id
}

resource "google_compute_global_forwarding_rule" "http" {
  for_each = google_compute_global_address.this

  project               = var.project_id
  name                  = "keyserver-http-${lower(each.key)}"
  ip_address            = each.value.id
  port_range            = "80"
  target                = google_compute_target_http_proxy.this.id
  load_balancing_scheme = "EXTERNAL_MANAGED"
  labels                = local.labels
}
