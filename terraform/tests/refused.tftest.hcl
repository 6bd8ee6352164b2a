# What the variables refuse. Each run changes one thing of a sound server.

variables {
  project_id   = "health-keys"
  publish_host = "keys.example.org"
  buckets      = { exports = { host = "files.example.org" } }
  alert_emails = ["ops@example.org"]
}

run "sound" {
  command = plan
}

run "a_scheme_in_a_host" {
  command         = plan
  expect_failures = [var.publish_host]

  variables {
    publish_host = "https://keys.example.org"
  }
}

run "a_bad_project" {
  command         = plan
  expect_failures = [var.project_id]

  variables {
    project_id = "Health Keys"
  }
}

run "a_zone_for_a_region" {
  command         = plan
  expect_failures = [var.region]

  variables {
    region = "europe-west1-b"
  }
}

run "no_bucket" {
  command         = plan
  expect_failures = [var.buckets]

  variables {
    buckets = {}
  }
}

run "one_host_for_two_things" {
  command         = plan
  expect_failures = [var.buckets]

  variables {
    buckets = { exports = { host = "keys.example.org" } }
  }
}

run "a_bad_query" {
  command         = plan
  expect_failures = [var.federation_queries]

  variables {
    federation_queries = ["east/west"]
  }
}

run "settings_of_a_stranger" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = { other = {} }
  }
}

run "a_variable_of_terraform" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = { all = { PLATFORM = "local" } }
  }
}

run "an_endpoint_for_tests" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = { export = { KMS_ENDPOINT = "127.0.0.1:1" } }
  }
}

run "a_soft_deletion_of_three_days" {
  command         = plan
  expect_failures = [var.bucket_soft_delete_days]

  variables {
    bucket_soft_delete_days = 3
  }
}

run "a_backup_for_ever" {
  command         = plan
  expect_failures = [var.weekly_backup_days]

  variables {
    weekly_backup_days = 365
  }
}

run "a_secret_that_changes_by_itself" {
  command         = plan
  expect_failures = [var.key_hash_secret]

  variables {
    key_hash_secret = { id = "key-hash-secret", version = "latest" }
  }
}

run "keys_that_are_gone_at_once" {
  command         = plan
  expect_failures = [var.key_destroy_delay_days]

  variables {
    key_destroy_delay_days = 1
  }
}

run "no_signing_key" {
  command         = plan
  expect_failures = [var.signing_keys]

  variables {
    signing_keys = []
  }
}

run "an_index_kept_for_an_hour" {
  command         = plan
  expect_failures = [var.index_max_age_seconds]

  variables {
    index_max_age_seconds = 3600
  }
}

run "more_requests_than_connections" {
  command         = plan
  expect_failures = [var.sizes]

  variables {
    sizes = { publish = { concurrency = 1000 } }
  }
}

run "a_limit_that_turns_patients_away" {
  command         = plan
  expect_failures = [var.requests_a_minute]

  variables {
    requests_a_minute = { publish = 10 }
  }
}

run "a_range_that_is_none" {
  command         = plan
  expect_failures = [var.blocked_ranges]

  variables {
    blocked_ranges = ["example.org"]
  }
}

run "an_attestor_without_project" {
  command         = plan
  expect_failures = [var.binary_authorization]

  variables {
    binary_authorization = { attestor = "built-by-ci" }
  }
}

run "nobody_to_tell" {
  command         = plan
  expect_failures = [var.alert_emails]

  variables {
    alert_emails = []
  }
}

run "a_root_of_no_bucket" {
  command         = plan
  expect_failures = [var.verify_roots]

  variables {
    verify_roots = { others = "v1" }
  }
}

run "a_budget_of_nothing" {
  command         = plan
  expect_failures = [var.budget]

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", monthly = 0 }
  }
}
