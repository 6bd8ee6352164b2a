# Where data is, how long copies of it stay, and what protects it from being deleted.

variable "firestore_location" {
  type        = string
  description = "Where the database is; the region unless given. A multi-region such as eur3 or nam5 survives the loss of a region and costs about 1.7 times as much. It cannot be changed later."
  default     = null
}

variable "firestore_database" {
  type        = string
  description = "The id of the database. After a restore it is that of the restored one."
  default     = "(default)"
  validation {
    condition     = var.firestore_database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.firestore_database))
    error_message = "A database is called (default), or by 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "point_in_time_recovery" {
  type        = bool
  description = "Whether every state of the last 7 days can be read again. It keeps deleted keys for as long: docs/privacy.md."
  default     = false
}

variable "daily_backup_days" {
  type        = number
  description = "For how many days a daily backup is kept. A backup keeps keys that were deleted since: docs/privacy.md."
  default     = 7
  validation {
    condition     = var.daily_backup_days >= 1 && var.daily_backup_days <= 98 && floor(var.daily_backup_days) == var.daily_backup_days
    error_message = "Firestore keeps a backup for 1 to 98 days."
  }
}

variable "weekly_backup_days" {
  type        = number
  description = "For how many days a weekly backup is kept."
  default     = 14
  validation {
    condition     = var.weekly_backup_days >= 1 && var.weekly_backup_days <= 98 && floor(var.weekly_backup_days) == var.weekly_backup_days
    error_message = "Firestore keeps a backup for 1 to 98 days."
  }
}

variable "bucket_soft_delete_days" {
  type        = number
  description = "For how many days deleted and overwritten files can be had back: 0, or 7 to 90. Nothing that is deleted is gone before: docs/privacy.md."
  default     = 0
  validation {
    condition     = var.bucket_soft_delete_days == 0 || (var.bucket_soft_delete_days >= 7 && var.bucket_soft_delete_days <= 90)
    error_message = "Cloud Storage takes 0, or 7 to 90 days."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "Whether terraform and Google Cloud refuse to delete the database and services. Off only for a server that is to go."
  default     = true
}

variable "key_hash_secret" {
  type        = object({ id = string, version = string })
  description = <<-EOT
    The secret that stored keys are found by, and its version. It is made before the first apply and never again, so it is not
    terraform's to make, to keep in its state or to delete. The version is a number: another value must never come by itself.
  EOT
  default     = { id = "key-hash-secret", version = "1" }
  validation {
    condition     = can(regex("^[0-9]+$", var.key_hash_secret.version)) && can(regex("^[A-Za-z0-9_-]{1,255}$", var.key_hash_secret.id))
    error_message = "The secret has an id, and its version is a number, not latest."
  }
}

variable "hsm" {
  type        = bool
  description = "Whether keys live in hardware. It costs about 1 to 2.50 $ a month for each key version instead of 0.06 $."
  default     = true
}

variable "kms_location" {
  type        = string
  description = "Where the keys are; the region unless given. A multi-region such as europe or us survives the loss of a region, so that services can go on in another one. It cannot be changed later."
  default     = null
}

variable "signing_keys" {
  type        = set(string)
  description = "The names of the keys that sign files. A new name is a new key, for a rotation; a key that phones know is never removed here while a listed file is signed with it."
  default     = ["exports"]
  validation {
    condition     = length(var.signing_keys) > 0 && alltrue([for name in var.signing_keys : can(regex("^[a-zA-Z0-9_-]{1,63}$", name)) && name != "revision-tokens"])
    error_message = "There is at least one signing key; names have letters, digits, hyphens and underscores."
  }
}

variable "key_destroy_delay_days" {
  type        = number
  description = "For how many days a key version that was destroyed can be had back. It cannot be changed later."
  default     = 30
  validation {
    condition     = var.key_destroy_delay_days >= 7 && var.key_destroy_delay_days <= 120
    error_message = "7 to 120 days."
  }
}

variable "log_retention_days" {
  type        = number
  description = "For how many days log lines are kept."
  default     = 14
  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 3650
    error_message = "1 to 3650 days."
  }
}

variable "audit_log_retention_days" {
  type        = number
  description = "For how many days it is kept who read or changed secrets, keys and data."
  default     = 400
  validation {
    condition     = var.audit_log_retention_days >= 30 && var.audit_log_retention_days <= 3650
    error_message = "30 to 3650 days."
  }
}
