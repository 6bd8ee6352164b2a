data "google_project" "this" {
  project_id = var.project_id
}

locals {
  project_number = data.google_project.this.number
  labels         = merge({ app = "keyserver" }, var.labels)

  apis = toset([
    "artifactregistry", "binaryauthorization", "cloudbuild", "cloudkms", "cloudresourcemanager", "cloudscheduler",
    "cloudtrace", "compute", "containeranalysis", "containerscanning", "firestore", "iam", "iamcredentials", "logging",
    "monitoring", "run", "secretmanager", "serviceusage", "storage", "telemetry",
  ])
}

resource "google_project_service" "this" {
  for_each = local.apis

  project            = var.project_id
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}
