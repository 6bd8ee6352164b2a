locals {
  # Written by `npm run generate:indexes` from what the code declares.
  declared = jsondecode(file("${path.module}/firestore-indexes.json"))

  ttl_fields = toset([for ttl in local.declared.ttl : "${ttl.collection}.${ttl.field}"])

  # All fields that differ from the default of Firestore, which indexes everything both ways.
  fields = merge(
    { for ttl in local.declared.ttl : "${ttl.collection}.${ttl.field}" => { collection = ttl.collection, field = ttl.field, indexes = [] } },
    { for field in local.declared.fields : "${field.collection}.${field.field}" => field },
  )
}

resource "google_firestore_database" "this" {
  project     = var.project_id
  name        = var.firestore_database
  location_id = coalesce(var.firestore_location, var.region)
  type        = "FIRESTORE_NATIVE"

  # The code counts on transactions that lock what they read. Enterprise is optimistic unless told otherwise, so both are said:
  # https://cloud.google.com/firestore/native/docs/transaction-data-contention
  database_edition = "STANDARD"
  concurrency_mode = "PESSIMISTIC"

  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_protection ? "ABANDON" : "DELETE"
  point_in_time_recovery_enablement = var.point_in_time_recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"

  depends_on = [google_project_service.this]
}

resource "google_firestore_index" "this" {
  for_each = { for index in local.declared.indexes : join(".", concat([index.collection], [for field in index.fields : field.field])) => index }

  project     = var.project_id
  database    = google_firestore_database.this.name
  collection  = each.value.collection
  query_scope = "COLLECTION"

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value.field
      order        = try(fields.value.order, null)
      array_config = try(fields.value.arrayConfig, null)
    }
  }
}

resource "google_firestore_field" "this" {
  for_each = local.fields

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  # Always said, also where it is empty: a field without it has what it inherits, and what is inherited is an index each way.
  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes
      content {
        order        = try(indexes.value.order, null)
        array_config = try(indexes.value.arrayConfig, null)
        query_scope  = "COLLECTION"
      }
    }
  }

  dynamic "ttl_config" {
    for_each = contains(local.ttl_fields, each.key) ? [1] : []
    content {}
  }
}

resource "google_firestore_backup_schedule" "daily" {
  project   = var.project_id
  database  = google_firestore_database.this.name
  retention = "${var.daily_backup_days * 86400}s"

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  project   = var.project_id
  database  = google_firestore_database.this.name
  retention = "${var.weekly_backup_days * 86400}s"

  weekly_recurrence {
    day = "SUNDAY"
  }
}
