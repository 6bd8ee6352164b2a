locals {
  # Cloud Armor takes ten ranges in a rule.
  blocked = { for n, ranges in chunklist(sort(tolist(var.blocked_ranges)), 10) : n => ranges }

  limits = merge(
    { publish = var.requests_a_minute.publish },
    var.federation_host == null ? {} : { federation = var.requests_a_minute.federation },
  )
}

# Before the services. There are no rules that look for attacks in bodies: bodies are read by a strict grammar and nothing in them
# is ever executed, while such rules take packed keys for attacks.
resource "google_compute_security_policy" "public" {
  for_each = local.limits

  project     = var.project_id
  name        = "keyserver-${each.key}"
  description = "limits what one address may ask"
  type        = "CLOUD_ARMOR"

  dynamic "rule" {
    for_each = local.blocked
    content {
      priority    = 100 + rule.key
      action      = "deny(403)"
      description = "addresses that reach nothing"
      match {
        versioned_expr = "SRC_IPS_V1"
        config {
          src_ip_ranges = rule.value
        }
      }
    }
  }

  rule {
    priority    = 1000
    action      = "throttle"
    description = "what one address may ask in a minute"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = each.value
        interval_sec = 60
      }
    }
  }

  rule {
    priority    = 2147483647
    action      = "allow"
    description = "everybody else"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.this]
}

# Before the cache of files. A policy of this type takes no rate limits:
# https://cloud.google.com/armor/docs/security-policy-overview
resource "google_compute_security_policy" "edge" {
  project     = var.project_id
  name        = "keyserver-files"
  description = "keeps blocked addresses from files too"
  type        = "CLOUD_ARMOR_EDGE"

  dynamic "rule" {
    for_each = local.blocked
    content {
      priority    = 100 + rule.key
      action      = "deny(403)"
      description = "addresses that reach nothing"
      match {
        versioned_expr = "SRC_IPS_V1"
        config {
          src_ip_ranges = rule.value
        }
      }
    }
  }

  rule {
    priority    = 2147483647
    action      = "allow"
    description = "everybody else"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.this]
}
