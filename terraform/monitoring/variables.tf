variable "project_id" {
  type        = string
  description = "The project."
}

variable "publish_host" {
  type        = string
  description = "The host on which phones upload."
}

variable "federation_host" {
  type        = string
  description = "The host on which partners fetch keys; null where none does."
}

variable "file_hosts" {
  type        = map(string)
  description = "The hosts on which phones download, by bucket."
}

variable "roots" {
  type        = map(string)
  description = "The root of an export in each bucket whose index is looked at from outside."
}

variable "jobs" {
  type        = map(object({ id = string, logged = string }))
  description = "The jobs, with the names that figures have for them."
}

variable "federation_queries" {
  type        = set(string)
  description = "The federation queries."
}

variable "max_instances" {
  type        = map(number)
  description = "How many instances each service may have."
}

variable "too_old_seconds" {
  type        = object({ export = number, partner_unit = number, query = number, partner = number, authority = number, data_key = number })
  description = "How old may be what each should bring forth."
}

variable "verify_job" {
  type        = string
  description = "The job that verifies the newest file; null where there is none."
}

variable "channels" {
  type        = list(string)
  description = "Who is told of every alert."
}

variable "paging_channels" {
  type        = list(string)
  description = "Who is woken for critical ones."
}

variable "labels" {
  type        = map(string)
  description = "Labels."
}
