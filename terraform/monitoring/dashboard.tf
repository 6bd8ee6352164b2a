locals {
  tiles = {
    "Uploads and files" = [
      { title = "Answers of publish, by result", query = "sum by (result) (rate(keyserver_request_seconds_count{route=\"/v1/publish\"}[5m]))" },
      { title = "Time of an upload: 99 % of them, s", query = "histogram_quantile(0.99, sum by (le) (rate(keyserver_request_seconds_bucket{route=\"/v1/publish\"}[5m])))" },
      { title = "Keys that were taken", query = "sum by (exposure) (increase(keyserver_exposures_total[1h]))" },
      { title = "Cover traffic", query = "sum(rate(keyserver_cover_requests_total[10m]))" },
      { title = "Certificates that did not hold", query = "sum by (app, certificate) (increase(keyserver_certificates_refused_total[1h]))" },
      { title = "Batches finished", query = "sum by (config) (increase(keyserver_batches_finished_total[6h]))" },
      { title = "Attempts at a batch that failed", query = "sum by (config, reason) (increase(keyserver_batches_failed_total[1h]))" },
      { title = "Bytes that phones downloaded, a second", query = "sum(rate(loadbalancing_googleapis_com:https_response_bytes_count[5m]))" },
    ]
    "Jobs, partners and health" = [
      { title = "Runs of jobs, by outcome", query = "sum by (job_name, outcome) (increase(keyserver_job_runs_total[30m]))" },
      { title = "Time of jobs: 99 %, s", query = "histogram_quantile(0.99, sum by (le, job_name) (rate(keyserver_job_seconds_bucket[1h])))" },
      { title = "Problems of health", query = "sum by (problem) (increase(keyserver_health_problems_total[15m]))" },
      { title = "Events that alarm", query = "sum by (event) (increase(keyserver_events_total{severity=~\"error|critical|alert\"}[15m]))" },
      { title = "Keys given to partners", query = "sum by (partner) (increase(keyserver_federation_served_keys_total[1h]))" },
      { title = "How far queries are behind: half of them, s", query = "histogram_quantile(0.5, sum by (le, query) (increase(keyserver_federation_lag_seconds_bucket[1h])))" },
      { title = "Instances", query = "sum by (service_name) (run_googleapis_com:container_instance_count{monitored_resource=\"cloud_run_revision\",state=\"active\"})" },
      { title = "Documents read, a second", query = "sum(rate(firestore_googleapis_com:document_read_count[5m]))" },
    ]
  }
}

resource "google_monitoring_dashboard" "this" {
  for_each = local.tiles

  project = var.project_id
  dashboard_json = jsonencode({
    displayName = "Key server: ${each.key}"
    mosaicLayout = {
      columns = 48
      tiles = [for n, tile in each.value : {
        xPos = n % 2 * 24, yPos = floor(n / 2) * 12, width = 24, height = 12
        widget = {
          title = tile.title
          xyChart = {
            dataSets = [{ plotType = "LINE", targetAxis = "Y1", timeSeriesQuery = { prometheusQuery = tile.query } }]
          }
        }
      }]
    }
  })

  lifecycle {
    precondition {
      condition = alltrue(flatten([for tile in each.value : [for figure in regexall("keyserver_[a-z_]+", tile.query) :
        contains(keys(local.metrics), replace(figure, "/_(bucket|count|sum)$/", ""))
      ]]))
      error_message = "The dashboard ${each.key} asks for a figure that nobody declares."
    }
  }
}
