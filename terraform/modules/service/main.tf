locals {
  # A service has to know its own address, as tokens are made out to it. This one is known before the service is there:
  # https://cloud.google.com/run/docs/triggering/https-request#deterministic
  url     = "https://keyserver-${var.name}-${var.project_number}.${var.region}.run.app"
  is_open = length(var.callers) == 0

  # Job services verify the token of their caller themselves, against these accounts alone.
  caller_env = local.is_open ? {} : {
    OIDC_ISSUER   = "https://accounts.google.com"
    OIDC_JWKS_URL = "https://www.googleapis.com/oauth2/v3/certs"
    OIDC_AUDIENCE = local.url
    CALLER_EMAILS = join(",", sort(values(var.callers)))
  }
}

resource "google_cloud_run_v2_service" "this" {
  project             = var.project_id
  location            = var.region
  name                = "keyserver-${var.name}"
  description         = var.about
  labels              = var.labels
  deletion_protection = var.deletion_protection

  # Public services are reached through the load balancer alone, which limits rates. Job services are reached by Cloud Scheduler,
  # whose calls count as internal: https://cloud.google.com/run/docs/securing/ingress
  ingress = local.is_open ? "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER" : "INGRESS_TRAFFIC_INTERNAL_ONLY"

  # Cloud Run's own check would remove the signature of the token, and the service could not check it again. Phones have no token.
  invoker_iam_disabled = true

  dynamic "binary_authorization" {
    for_each = var.binary_authorization ? [1] : []
    content {
      use_default = true
    }
  }

  template {
    service_account                  = google_service_account.runtime.email
    timeout                          = "${var.timeout_seconds}s"
    max_instance_request_concurrency = var.size.concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    labels                           = var.labels

    scaling {
      min_instance_count = var.size.min_instances
      max_instance_count = var.size.max_instances
    }

    containers {
      image = var.image

      ports {
        name           = var.http2 ? "h2c" : "http1"
        container_port = 8080
      }

      resources {
        limits            = { cpu = var.size.cpu, memory = var.size.memory }
        cpu_idle          = !var.cpu_always
        startup_cpu_boost = true
      }

      # A service listens only once its settings are good, its store is the one it belongs to, and its keys are there. So a port
      # that answers says all that a start can say, and a revision that cannot work never gets traffic. There is no liveness
      # probe: what /health tells of, such as a store that is away, is not cured by a restart, and a process that met an error
      # of its own ends itself.
      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 30
        tcp_socket {
          port = 8080
        }
      }

      dynamic "env" {
        for_each = merge(var.env, local.caller_env, {
          HOST               = "0.0.0.0"
          PLATFORM           = "gcp"
          GCP_PROJECT        = var.project_id
          FIRESTORE_DATABASE = var.database
          TELEMETRY_EXPORTER = "google-cloud"
        })
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value.id
              version = env.value.version
            }
          }
        }
      }
    }
  }

  lifecycle {
    # The build brings images and moves traffic to them, step by step.
    ignore_changes = [template[0].containers[0].image, template[0].revision, traffic, client, client_version]
  }

  depends_on = [google_secret_manager_secret_iam_member.runtime, google_project_iam_member.datastore]
}
