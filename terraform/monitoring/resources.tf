# What Google Cloud says of itself: limits that come near, products that fail, and what will be on the bill.

locals {
  calls = "serviceruntime_googleapis_com:api_request_count{monitored_resource=\"consumed_api\""

  # Four measures of what costs most, each with a floor below which its growth costs nothing worth waking anybody for.
  costly = {
    "loadbalancing_googleapis_com:https_response_bytes_count" = 1000000
    "firestore_googleapis_com:document_read_count"            = 200
    "firestore_googleapis_com:document_write_count"           = 50
    "logging_googleapis_com:billing_bytes_ingested"           = 100000
  }

  resources = merge({
    quota-near = {
      title    = "a quota of Google Cloud is used to more than 80 %"
      severity = "ERROR"
      runbook  = "quota-near"
      duration = "300s"
      query = join(" ", [
        "max by (quota_metric) (60 * rate(serviceruntime_googleapis_com:quota_rate_net_usage{monitored_resource=\"consumer_quota\"}[5m]))",
        "/ on (quota_metric) min by (quota_metric) (serviceruntime_googleapis_com:quota_limit{monitored_resource=\"consumer_quota\",limit_name=~\".*(PerMinute|per-minute).*\"} > 0)",
        "> 0.8",
      ])
    }

    kms-errors = {
      title    = "Cloud KMS refuses or fails"
      severity = "CRITICAL"
      runbook  = "kms-errors"
      duration = "120s"
      query    = "sum by (response_code_class) (increase(${local.calls},service=\"cloudkms.googleapis.com\",response_code_class=~\"4xx|5xx\"}[10m])) > 3"
    }

    store-errors = {
      title    = "Firestore or Cloud Storage fails"
      severity = "ERROR"
      runbook  = "store-errors"
      duration = "300s"
      query = join(" ", [
        "sum by (service) (rate(${local.calls},service=~\"(firestore|storage).googleapis.com\",response_code_class=\"5xx\"}[10m]))",
        "/ sum by (service) (rate(${local.calls},service=~\"(firestore|storage).googleapis.com\"}[10m])) > 0.01",
      ])
    }
    },
    { for name, most in var.max_instances : "instances-near-limit-${name}" => {
      title    = "${name} uses more than 80 % of the instances that it may have"
      severity = "ERROR"
      runbook  = "instances-near-limit"
      duration = "300s"
      query    = "sum(max_over_time(run_googleapis_com:container_instance_count{monitored_resource=\"cloud_run_revision\",service_name=\"${name}\",state=\"active\"}[5m])) > ${most * 0.8}"
    } if most >= 5 },
    { for metric, floor in local.costly : "cost-unusual-${replace(replace(metric, "_googleapis_com:", "-"), "_", "-")}" => {
      title    = "twice as much as a day ago of what costs: ${metric}"
      severity = "WARNING"
      runbook  = "cost-unusual"
      duration = "1800s"
      query    = "sum(rate(${metric}[55m])) > 2 * sum(rate(${metric}[55m] offset 1d)) and sum(rate(${metric}[55m])) > ${floor}"
  } })
}
