# Where images are, who builds them, and which may run.

resource "google_artifact_registry_repository" "images" {
  project       = var.project_id
  location      = var.region
  repository_id = "keyserver"
  description   = "Images of the services."
  format        = "DOCKER"
  labels        = local.labels

  docker_config {
    immutable_tags = true
  }

  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }

  depends_on = [google_project_service.this]
}

resource "google_service_account" "build" {
  project      = var.project_id
  account_id   = "keyserver-build"
  display_name = "builds images and deploys them"

  depends_on = [google_project_service.this]
}

resource "google_artifact_registry_repository_iam_member" "build_pushes" {
  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

# run.developer brings new revisions and moves traffic, and grants nothing to anybody. What a builder has by Google's own role would
# reach every bucket of the project, the files of phones among them. logging.viewer lets roll-out.sh see the errors of a candidate.
resource "google_project_iam_member" "build" {
  for_each = toset([
    "roles/run.developer", "roles/logging.logWriter", "roles/logging.viewer", "roles/containeranalysis.occurrences.viewer",
  ])

  project = var.project_id
  role    = each.key
  member  = google_service_account.build.member
}

# Where the source of a build waits for it: gcloud builds submit --gcs-source-staging-dir.
resource "google_storage_bucket" "build" {
  project  = var.project_id
  name     = "${var.project_id}-build"
  location = upper(var.region)
  labels   = local.labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 7
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_storage_bucket_iam_member" "build_reads_source" {
  bucket = google_storage_bucket.build.name
  role   = "roles/storage.objectUser"
  member = google_service_account.build.member
}

resource "google_service_account_iam_member" "build_deploys" {
  for_each = local.services

  service_account_id = each.value.account_id
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.build.member
}

resource "google_binary_authorization_policy" "this" {
  count = var.binary_authorization == null ? 0 : 1

  project                       = var.project_id
  description                   = "Only images that the build has attested."
  global_policy_evaluation_mode = "ENABLE"

  default_admission_rule {
    evaluation_mode         = "REQUIRE_ATTESTATION"
    enforcement_mode        = var.binary_authorization.enforce ? "ENFORCED_BLOCK_AND_AUDIT_LOG" : "DRYRUN_AUDIT_LOG_ONLY"
    require_attestations_by = [var.binary_authorization.attestor]
  }

  # What services are first made with, before there is a build.
  admission_whitelist_patterns {
    name_pattern = "${local.first_image}*"
  }

  depends_on = [google_project_service.this]
}
