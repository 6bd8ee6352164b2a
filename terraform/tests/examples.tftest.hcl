# Plans of both examples, and of the module with what must be refused. Nothing is applied.

run "minimal" {
  command = plan

  module {
    source = "./examples/minimal"
  }

  variables {
    project_id  = "health-keys"
    domain      = "example.org"
    alert_email = "ops@example.org"
  }

  assert {
    condition     = output.keyserver.hosts == tolist(["files.example.org", "keys.example.org"])
    error_message = "Phones need one host for uploads and one for files."
  }

  assert {
    condition     = output.keyserver.federation_account == null
    error_message = "Nobody federates in the smallest server."
  }
}

run "production" {
  command = plan

  module {
    source = "./examples/production"
  }

  variables {
    project_id      = "health-keys"
    domain          = "example.org"
    alert_emails    = ["ops@example.org"]
    paging_channels = ["projects/health-keys/notificationChannels/1"]
    billing_account = "012345-6789AB-CDEF01"
  }

  assert {
    condition     = length(output.keyserver.service_urls) == 6
    error_message = "All six services are there."
  }

  assert {
    condition     = strcontains(output.keyserver.doctor_command, "--service-url federation-pull=https://keyserver-federation-pull-")
    error_message = "The doctor is told of the service that pulls."
  }
}

# What neither example chooses.
run "other_choices" {
  command = plan

  variables {
    project_id              = "health-keys"
    publish_host            = "keys.example.org"
    buckets                 = { exports = { host = "files.example.org" }, others = { host = "others.example.org", location = "US" } }
    alert_emails            = ["ops@example.org"]
    blocked_ranges          = [for n in range(12) : "192.0.2.${n}/32"]
    point_in_time_recovery  = true
    bucket_soft_delete_days = 7
    deletion_protection     = false
    signing_keys            = ["exports", "exports-2027"]
    firestore_database      = "restored"
    binary_authorization    = { attestor = "projects/health-keys/attestors/built-by-ci", enforce = false }
  }

  assert {
    condition     = length(local.blocked) == 2
    error_message = "Twelve ranges need two rules."
  }

  assert {
    condition     = google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "Recovery is on."
  }

  assert {
    condition     = google_storage_bucket.files["exports"].soft_delete_policy[0].retention_duration_seconds == 604800
    error_message = "Deleted files stay for a week."
  }

  assert {
    condition     = google_binary_authorization_policy.this[0].default_admission_rule[0].enforcement_mode == "DRYRUN_AUDIT_LOG_ONLY"
    error_message = "Attestation only reports."
  }

  assert {
    condition     = length(output.signing_keys) == 2 && length(output.bucket_names) == 2
    error_message = "Two keys and two buckets."
  }

  assert {
    condition     = length(google_cloud_run_v2_job.verify) == 0
    error_message = "Without an image of the command line nothing is verified."
  }
}
