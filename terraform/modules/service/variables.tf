variable "project_id" {
  type        = string
  description = "The project."
}

variable "project_number" {
  type        = string
  description = "The number of the project, which is part of every address."
}

variable "region" {
  type        = string
  description = "Where the service runs."
}

variable "name" {
  type        = string
  description = "The service, as docs and logs call it; on Google Cloud keyserver- stands before it."
}

variable "about" {
  type        = string
  description = "What it does, in a few words."
}

variable "image" {
  type        = string
  description = "The image it is made with; later ones come from the build."
}

variable "database" {
  type        = string
  description = "The Firestore database that it reads and writes; no other."
}

variable "env" {
  type        = map(string)
  description = "Environment variables."
}

variable "secrets" {
  type        = map(object({ id = string, version = string }))
  description = "Secrets that are given to it as environment variables."
}

variable "callers" {
  type        = map(string)
  description = "The mail addresses of the accounts that may start its jobs, by job. A service without any is for the public."
  default     = {}
}

variable "size" {
  type = object({
    min_instances = number
    max_instances = number
    cpu           = string
    memory        = string
    concurrency   = number
  })
  description = "Instances, processors, memory and requests at a time."
  validation {
    condition     = var.size.min_instances >= 0 && var.size.max_instances >= 1 && var.size.min_instances <= var.size.max_instances
    error_message = "The least number of instances is at most the largest, of which there is at least one."
  }
}

variable "timeout_seconds" {
  type        = number
  description = "How long a request may take."
}

variable "cpu_always" {
  type        = bool
  description = "Whether the processor works between requests too."
}

variable "http2" {
  type        = bool
  description = "Whether it speaks HTTP/2 without TLS (h2c), as gRPC needs."
  default     = false
}

variable "binary_authorization" {
  type        = bool
  description = "Whether only attested images run."
}

variable "deletion_protection" {
  type        = bool
  description = "Whether it is protected from being deleted."
}

variable "labels" {
  type        = map(string)
  description = "Labels."
}
