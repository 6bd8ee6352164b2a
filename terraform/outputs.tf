output "addresses" {
  description = "Where every host name must point: A and AAAA records. Certificates come by themselves once they do."
  value       = { for version, address in google_compute_global_address.this : version == "IPV4" ? "A" : "AAAA" => address.address }
}

output "hosts" {
  description = "The host names that need these records."
  value       = sort(keys(local.hosts))
}

output "bucket_names" {
  description = "What an export of the configuration file calls its bucket."
  value       = { for name, bucket in google_storage_bucket.files : name => bucket.name }
}

output "signing_keys" {
  description = "What a signing key of the configuration file calls its key: the first version of each."
  value       = { for name, key in google_kms_crypto_key.signing : name => "${key.id}/cryptoKeyVersions/1" }
}

output "revision_token_key" {
  description = "The key that wraps the data keys of revision tokens."
  value       = google_kms_crypto_key.revision_tokens.id
}

output "service_urls" {
  description = "The addresses of the services within Google Cloud."
  value       = { for name, service in local.services : name => service.url }
}

output "federation_account" {
  description = "What partners are told of this server: the issuer and subject of its identity tokens."
  value = one([for service in module.federation_pull : {
    issuer  = "https://accounts.google.com"
    subject = service.subject
  }])
}

output "image_repository" {
  description = "Where the build puts images."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "build_source" {
  description = "Where the source of a build waits for it: gcloud builds submit --gcs-source-staging-dir."
  value       = "gs://${google_storage_bucket.build.name}/source"
}

output "build_account" {
  description = "The account that the build runs as: gcloud builds submit --service-account."
  value       = google_service_account.build.name
}

output "doctor_command" {
  description = "Says whether all of it is sound."
  value = join(" ", concat(
    ["npx keyserver doctor --project ${var.project_id} --location ${var.region}"],
    [for name, service in local.services : "--service-url ${name}=${name == "publish" ? "https://${var.publish_host}" : service.url}" if name != "federation-serve"],
    length(var.buckets) == 1 ? ["--files-url https://${values(var.buckets)[0].host}"] : [],
  ))
}
