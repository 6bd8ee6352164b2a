# A country's server: data in several regions, keys in hardware, partners, attested images, a budget, and people who are woken.

terraform {
  required_version = ">= 1.9.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50.0, < 8.0.0"
    }
  }

  backend "gcs" {}
}

provider "google" {
  project = var.project_id
}

variable "project_id" {
  type        = string
  description = "The project."
}

variable "domain" {
  type        = string
  description = "The domain under which phones and partners find the server."
}

variable "alert_emails" {
  type        = set(string)
  description = "Who is told when something is wrong."
}

variable "paging_channels" {
  type        = list(string)
  description = "Who is woken: notification channels, by their full names."
}

variable "billing_account" {
  type        = string
  description = "The account that pays."
}

variable "verify_image" {
  type        = string
  description = "The image of the command line, by its digest; null before the first build."
  default     = null
}

module "keyserver" {
  source = "../.."

  project_id   = var.project_id
  region       = "europe-west1"
  publish_host = "keys.${var.domain}"

  # All three survive the loss of a region; the services are made anew in another one: docs/deployment-options.md.
  firestore_location = "eur3"
  kms_location       = "europe"
  buckets            = { exports = { host = "files.${var.domain}", location = "EU" } }

  federation_host    = "federation.${var.domain}"
  federation_queries = ["east", "west"]

  sizes = {
    publish          = { min_instances = 3, max_instances = 100 }
    federation-serve = { min_instances = 1 }
  }
  settings = {
    all     = { MAX_KEY_AGE_HOURS = "360" }
    publish = { DEFAULT_REGION = "XX" }
  }

  binary_authorization = { attestor = "projects/${var.project_id}/attestors/built-by-ci" }

  alert_emails    = var.alert_emails
  paging_channels = var.paging_channels
  budget          = { billing_account = var.billing_account, monthly = 20000 }

  verify_image = var.verify_image
  verify_roots = { exports = "v1" }

  labels = { owner = "health-authority" }
}

output "keyserver" {
  description = "What the next steps need: docs/deploy.md."
  value       = module.keyserver
}
