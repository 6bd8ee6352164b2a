# The files that phones download. The buckets are private: the load balancer alone reads them, and phones reach that.

resource "google_storage_bucket" "files" {
  for_each = var.buckets

  project  = var.project_id
  name     = "${var.project_id}-${each.key}"
  location = upper(coalesce(each.value.location, var.region))
  labels   = local.labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  # Unless told otherwise, Cloud Storage keeps what was deleted or overwritten for 7 days: keys past their retention, and an index
  # for every minute.
  soft_delete_policy {
    retention_duration_seconds = var.bucket_soft_delete_days * 86400
  }

  # Without a main page the address of the bucket itself would list all objects, also those that no index names.
  website {
    main_page_suffix = "none.html"
  }

  # Uploads that broke off leave parts behind, which cost and are in no listing.
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  depends_on = [google_project_service.this]
}

# The load balancer's own account, which is there once the Compute Engine API is on:
# https://cloud.google.com/cdn/docs/configure-private-bucket-access
resource "google_storage_bucket_iam_member" "load_balancer_reads" {
  for_each = google_storage_bucket.files

  bucket = each.value.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:service-${local.project_number}@https-lb.iam.gserviceaccount.com"
}

resource "google_compute_backend_bucket" "files" {
  for_each = google_storage_bucket.files

  project              = var.project_id
  name                 = "keyserver-files-${each.key}"
  bucket_name          = each.value.name
  enable_cdn           = true
  compression_mode     = "DISABLED" # archives are compressed, and an index is small
  edge_security_policy = google_compute_security_policy.edge.id

  cdn_policy {
    # The objects' own Cache-Control decides: a day for archives, whose content never changes, INDEX_MAX_AGE_SECONDS for the index.
    cache_mode = "USE_ORIGIN_HEADERS"

    # No index is served beyond its time, even while the bucket is away: a stale index hides new files.
    serve_while_stale = 0

    # An archive that is not there yet may be there in a moment.
    negative_caching = true
    negative_caching_policy {
      code = 404
      ttl  = 10
    }

    request_coalescing = true
  }
}
