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
