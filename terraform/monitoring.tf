resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = var.project_id
  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.this]
}

module "monitoring" {
  source = "./monitoring"

  project_id         = var.project_id
  publish_host       = var.publish_host
  federation_host    = var.federation_host
  file_hosts         = { for name, bucket in var.buckets : name => bucket.host }
  roots              = var.verify_roots
  jobs               = local.jobs
  federation_queries = var.federation_queries
  too_old_seconds    = var.too_old_seconds
  max_instances      = { for name, service in local.services : service.name => local.sizes[name].max_instances }
  verify_job         = one([for job in google_cloud_run_v2_job.verify : job.name])

  channels        = [for channel in google_monitoring_notification_channel.email : channel.id]
  paging_channels = var.paging_channels
  labels          = local.labels

  depends_on = [google_project_service.this]
}
