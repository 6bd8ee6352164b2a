resource "google_service_account" "runtime" {
  project      = var.project_id
  account_id   = "keyserver-${var.name}"
  display_name = "${var.name}: ${var.about}"
}

resource "google_project_iam_member" "datastore" {
  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.runtime.member

  # https://cloud.google.com/firestore/native/docs/configure-conditions
  condition {
    title      = "this-database"
    expression = "resource.name == \"projects/${var.project_id}/databases/${var.database}\""
  }
}

resource "google_project_iam_member" "telemetry" {
  project = var.project_id
  role    = "roles/telemetry.writer"
  member  = google_service_account.runtime.member
}

resource "google_secret_manager_secret_iam_member" "runtime" {
  for_each = var.secrets

  project   = var.project_id
  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.runtime.member
}
