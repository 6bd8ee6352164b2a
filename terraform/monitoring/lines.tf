# What single lines of the log tell: events that somebody must act on, and what people and deployments did.

locals {
  # Every such event of the code, with its severity; written by `npm run generate:terraform`.
  alarming = jsondecode(file("${path.module}/alarms.json"))

  alarms = merge(
    { for event, severity in local.alarming : "event-${replace(event, ".", "-")}" => {
      title    = event
      severity = severity == "error" ? "ERROR" : "CRITICAL"
      runbook  = event
      filter   = "resource.type=\"cloud_run_revision\" AND jsonPayload.message=\"${event}\""
      labels   = { service = "EXTRACT(resource.labels.service_name)" }
    } },
    {
      figures-refused = {
        title    = "figures or traces could not be sent"
        severity = "WARNING"
        runbook  = "figures-missing"
        filter   = "resource.type=\"cloud_run_revision\" AND jsonPayload.message=\"telemetry.export_failed\""
        labels   = { service = "EXTRACT(resource.labels.service_name)" }
      }
    },
  )

  audit   = "LOG_ID(\"cloudaudit.googleapis.com/data_access\")"
  changes = "LOG_ID(\"cloudaudit.googleapis.com/activity\")"
  who     = { who = "EXTRACT(protoPayload.authenticationInfo.principalEmail)" }
  # Accounts of services end so, their own and those of Google.
  person = "NOT protoPayload.authenticationInfo.principalEmail=~\"gserviceaccount\\.com$\""

  people = {
    secret-read-by-person = {
      title    = "a person read a secret"
      severity = "CRITICAL"
      runbook  = "people-and-secrets"
      filter   = "${local.audit} AND protoPayload.serviceName=\"secretmanager.googleapis.com\" AND protoPayload.methodName=~\"AccessSecretVersion$\" AND ${local.person}"
      labels   = local.who
    }

    decrypted-by-person = {
      title    = "a person decrypted, or signed with a key"
      severity = "CRITICAL"
      runbook  = "people-and-secrets"
      filter   = "${local.audit} AND protoPayload.serviceName=\"cloudkms.googleapis.com\" AND protoPayload.methodName=~\"(Decrypt|AsymmetricSign)$\" AND ${local.person}"
      labels   = local.who
    }

    key-changed = {
      title    = "a key was destroyed, disabled, or granted to somebody"
      severity = "CRITICAL"
      runbook  = "key-changed"
      filter   = "${local.changes} AND protoPayload.serviceName=\"cloudkms.googleapis.com\" AND protoPayload.methodName=~\"(DestroyCryptoKeyVersion|UpdateCryptoKeyVersion|SetIamPolicy)$\""
      labels   = local.who
    }

    unattested-deployment = {
      title    = "an image went around attestation"
      severity = "CRITICAL"
      runbook  = "unattested-deployment"
      filter = join(" ", [
        "(resource.type=\"cloud_run_revision\" AND LOG_ID(\"cloudaudit.googleapis.com/system_event\") AND protoPayload.response.status.conditions.reason=\"BreakglassDeployment\")",
        "OR (${local.changes} AND protoPayload.serviceName=\"binaryauthorization.googleapis.com\" AND protoPayload.methodName=~\"UpdatePolicy$\")",
        "OR (protoPayload.serviceName=\"run.googleapis.com\" AND protoPayload.request.service.binaryAuthorization.breakglassJustification:*)",
      ])
      labels = local.who
    }

    audit-turned-off = {
      title    = "who reads data is logged otherwise than before"
      severity = "CRITICAL"
      runbook  = "people-and-secrets"
      filter   = "${local.changes} AND protoPayload.methodName=\"SetIamPolicy\" AND protoPayload.serviceData.policyDelta.auditConfigDeltas:*"
      labels   = local.who
    }
  }
}
