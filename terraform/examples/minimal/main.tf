# The smallest server that real people can use: one region, keys in software, one bucket.

terraform {
  required_version = ">= 1.9.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50.0, < 8.0.0"
    }
  }

  # The state names everything that there is and holds no secret. Keep it where your colleagues find it.
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
  description = "The domain under which phones find the server."
}

variable "alert_email" {
  type        = string
  description = "Who is told when something is wrong."
}

variable "verify_image" {
  type        = string
  description = "The image of the command line, by its digest; null before the first build."
  default     = null
}

module "keyserver" {
  source = "../.."

  project_id   = var.project_id
  publish_host = "keys.${var.domain}"
  buckets      = { exports = { host = "files.${var.domain}" } }
  hsm          = false
  alert_emails = [var.alert_email]
  verify_image = var.verify_image
  verify_roots = { exports = "v1" }
}

output "keyserver" {
  description = "What the next steps need: docs/deploy.md."
  value       = module.keyserver
}
