output "url" {
  description = "The address of the service, and the audience of tokens for it."
  value       = local.url
}

output "name" {
  description = "Its name on Google Cloud."
  value       = google_cloud_run_v2_service.this.name
}

output "member" {
  description = "The account that it runs as, for grants."
  value       = google_service_account.runtime.member
}

output "subject" {
  description = "The number of that account, which identity tokens name as their subject."
  value       = google_service_account.runtime.unique_id
}

output "account_id" {
  description = "The full name of that account."
  value       = google_service_account.runtime.name
}
