# What every deployment says of itself. Sizes, costs and protections are in the other variables-*.tf.

variable "project_id" {
  type        = string
  description = "The Google Cloud project, which holds this key server and nothing else."
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  type        = string
  description = "Where the services, their keys and the jobs are."
  default     = "europe-west1"
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region looks like europe-west1."
  }
}

variable "publish_host" {
  type        = string
  description = "The host name on which phones upload, such as keys.example.org."
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.publish_host))
    error_message = "A host name is lower-case, has a dot and no scheme."
  }
}

variable "buckets" {
  type = map(object({
    host     = string
    location = optional(string)
  }))
  description = <<-EOT
    The buckets that files are written to, by a short name: the host on which phones download, and where the bucket is (the
    region unless given; a dual-region or multi-region such as EU survives the loss of a region). The bucket is called
    PROJECT-NAME, and an export of the configuration file names it. Most servers have one.
  EOT
  validation {
    condition     = length(var.buckets) > 0 && alltrue([for name, _ in var.buckets : can(regex("^[a-z][a-z0-9-]{1,20}[a-z0-9]$", name))])
    error_message = "There is at least one bucket; a short name has 3 to 22 lower-case letters, digits and hyphens."
  }
  validation {
    condition     = alltrue([for bucket in var.buckets : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", bucket.host))])
    error_message = "A host name is lower-case, has a dot and no scheme."
  }
  validation {
    condition = length(distinct(concat(
      [var.publish_host], [for bucket in var.buckets : bucket.host], var.federation_host == null ? [] : [var.federation_host],
    ))) == 1 + length(var.buckets) + (var.federation_host == null ? 0 : 1)
    error_message = "Uploads, every bucket and federation need host names of their own."
  }
}

variable "federation_host" {
  type        = string
  description = "The host name on which partners fetch keys; null where no partner does, and then that service is not there."
  default     = null
}

variable "federation_queries" {
  type        = set(string)
  description = "The ids of the federation queries of the configuration file. Each gets a job; without any, that service is not there."
  default     = []
  validation {
    condition     = alltrue([for id in var.federation_queries : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", id))])
    error_message = "The id of a query has letters, digits, hyphens and underscores."
  }
}

variable "settings" {
  type        = map(map(string))
  description = <<-EOT
    Environment variables by service, on top of what terraform sets itself; those of "all" go to every service. What there is:
    docs/configuration.md.
  EOT
  default     = {}
  validation {
    condition     = alltrue([for service, _ in var.settings : contains(["all", "publish", "export", "cleanup", "trust", "federation-serve", "federation-pull"], service)])
    error_message = "Settings are for all, publish, export, cleanup, trust, federation-serve or federation-pull."
  }
  validation {
    condition = alltrue(flatten([for of in values(var.settings) : [for name, _ in of : !contains([
      "PLATFORM", "GCP_PROJECT", "FIRESTORE_DATABASE", "KEY_HASH_SECRET", "REVISION_TOKEN_KEY", "HOST", "PORT", "OIDC_ISSUER",
      "OIDC_JWKS_URL", "OIDC_AUDIENCE", "CALLER_EMAILS", "TELEMETRY_EXPORTER",
    ], name)]]))
    error_message = "Terraform sets this variable itself."
  }
  validation {
    condition     = !anytrue(flatten([for of in values(var.settings) : [for name, _ in of : can(regex("(_ENDPOINT|^DATA_DIR|_PLAINTEXT_LOOPBACK)$", name))]]))
    error_message = "This variable is for one machine or for tests."
  }
}

variable "labels" {
  type        = map(string)
  description = "Labels of everything that takes labels."
  default     = {}
}
