# How much there is of everything, what may be asked of it, and who is told what it costs.

variable "sizes" {
  type = map(object({
    min_instances = optional(number)
    max_instances = optional(number)
    cpu           = optional(string)
    memory        = optional(string)
    concurrency   = optional(number)
  }))
  description = "Instances, processors, memory and requests at a time, by service, where they differ from the defaults of its file."
  default     = {}
  validation {
    condition     = alltrue([for service, _ in var.sizes : contains(["publish", "export", "cleanup", "trust", "federation-serve", "federation-pull"], service)])
    error_message = "Sizes are of publish, export, cleanup, trust, federation-serve or federation-pull."
  }
  validation {
    condition     = alltrue([for size in var.sizes : size.concurrency == null ? true : size.concurrency >= 1 && size.concurrency <= 350])
    error_message = "A service takes at most 400 connections, of which 50 are for health and for what is turned away."
  }
}

variable "images" {
  type        = map(string)
  description = <<-EOT
    The image of a service when it is first made. Later images come from the build, and terraform leaves them alone. The default
    is Google's sample, which listens and knows nothing, so that everything exists before the first build.
  EOT
  default     = {}
}

variable "verify_image" {
  type        = string
  description = "The image of the command line (SERVICE=keyserver), by which a job verifies the newest file as phones do. Null before the first build: then there is no such job."
  default     = null
}

variable "verify_newest" {
  type        = number
  description = "How many of the newest files that job downloads each time."
  default     = 1
  validation {
    condition     = var.verify_newest >= 1 && var.verify_newest <= 100
    error_message = "1 to 100 files."
  }
}

variable "verify_roots" {
  type        = map(string)
  description = "The filenameRoot of an export in each bucket, such as { exports = \"v1\" }: what is checked from outside is its index."
  default     = {}
  validation {
    condition     = alltrue([for name, root in var.verify_roots : contains(keys(var.buckets), name) && can(regex("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", root))])
    error_message = "A root belongs to one of the buckets, and has no slash at its ends."
  }
}

variable "max_file_age_hours" {
  type        = number
  description = "How old the newest file may be before that job fails: the period of the export, 2 hours for its windows, and a margin."
  default     = 28
  validation {
    condition     = var.max_file_age_hours >= 1 && var.max_file_age_hours <= 336
    error_message = "1 to 336 hours."
  }
}

variable "index_max_age_seconds" {
  type        = number
  description = "For how long caches may keep an index. Ten million phones that ask six times a day for an index that nobody caches cost more than the database."
  default     = 60
  validation {
    condition     = var.index_max_age_seconds >= 0 && var.index_max_age_seconds <= 300 && floor(var.index_max_age_seconds) == var.index_max_age_seconds
    error_message = "0 to 300 seconds."
  }
}

variable "requests_a_minute" {
  type = object({
    publish    = optional(number, 600)
    federation = optional(number, 600)
  })
  description = "How many requests one address may send in a minute before it gets 429. Phones of a mobile network share addresses, so a low limit turns patients away."
  default     = {}
  validation {
    condition     = var.requests_a_minute.publish >= 60 && var.requests_a_minute.federation >= 60
    error_message = "At least 60: thousands of phones may share an address."
  }
}

variable "blocked_ranges" {
  type        = set(string)
  description = "Ranges of addresses (CIDR) that reach nothing. Cloud Armor takes ten in a rule; more become more rules."
  default     = []
  validation {
    condition     = alltrue([for range in var.blocked_ranges : can(cidrhost(range, 0))])
    error_message = "Ranges are CIDR, such as 192.0.2.0/24."
  }
}

variable "binary_authorization" {
  type        = object({ attestor = string, enforce = optional(bool, true) })
  description = "The attestor (projects/PROJECT/attestors/NAME) without whose word no image runs; enforce = false only reports. Null is off. terraform/README.md says how the attestor is made."
  default     = null
  validation {
    condition     = var.binary_authorization == null ? true : can(regex("^projects/[^/]+/attestors/[^/]+$", var.binary_authorization.attestor))
    error_message = "An attestor is projects/PROJECT/attestors/NAME."
  }
}

variable "alert_emails" {
  type        = set(string)
  description = "Who is told of every alert by mail."
  validation {
    condition     = length(var.alert_emails) > 0 && alltrue([for email in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", email))])
    error_message = "Somebody must be told of alerts: at least one mail address."
  }
}

variable "paging_channels" {
  type        = list(string)
  description = "Notification channels (projects/PROJECT/notificationChannels/ID) of whoever is woken for critical alerts, such as PagerDuty; they are made by hand, as they hold tokens."
  default     = []
}

variable "too_old_seconds" {
  type = object({
    export       = optional(number, 10800)
    partner_unit = optional(number, 21600)
    query        = optional(number, 14400)
    partner      = optional(number, 86400)
    authority    = optional(number, 7200)
    data_key     = optional(number, 864000)
  })
  description = "From which age on somebody is told, in seconds: an export or padded unit by its period and the window, with half an hour for the work (3 hours are for a period of one hour); a query by FEDERATION_LATE_SECONDS; a partner by agreement; an authority by AUTHORITY_KEYS_STALE_SECONDS and half of it; a data key by NEW_DATA_KEY_HOURS and some days."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for age in values(var.too_old_seconds) : age > 1800 && floor(age) == age])
    error_message = "An age is in whole seconds, and more than the half hour for which a figure is looked back for."
  }
}

variable "budget" {
  type        = object({ billing_account = string, monthly = number, currency = optional(string, "EUR") })
  description = "The billing account and how much a month may cost; mails go out at half, at all of it, and when it is foreseen. Null is none."
  default     = null
  validation {
    condition     = var.budget == null ? true : var.budget.monthly >= 1 && can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "A billing account looks like 012345-6789AB-CDEF01, and a month costs at least 1."
  }
}
