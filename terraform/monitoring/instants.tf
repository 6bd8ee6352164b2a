# What should get on and does not, by the instants that services tell (libs/telemetry/src/instants.ts). A job that succeeds may still bring
# nothing forth. Half an hour back, since a service without instances sends nothing and what it sent goes on ageing; no age that alerts is
# shorter, so what was ended or taken out of the configuration raises none. docs/observability.md has the same conditions.

locals {
  # The series of each figure are of whoever told it last; the newest instant is the one that holds.
  old = merge({
    export-unmade = {
      title   = "the files of a window are not made"
      runbook = "export-stale", severity = "CRITICAL"
      figure  = "keyserver_export_made_until_timestamp_seconds", of = "config", back = "30m", age = var.too_old_seconds.export
    }
    index-stale = {
      title   = "an index does not list the files of a window"
      runbook = "export-stale", severity = "CRITICAL"
      figure  = "keyserver_export_published_until_timestamp_seconds", of = "config", back = "30m", age = var.too_old_seconds.export
    }
    cleanup-overdue = {
      title   = "a cleanup has not done all that was due"
      runbook = "deletion-overdue", severity = "CRITICAL"
      figure  = "keyserver_job_completed_timestamp_seconds{job_name=~\"cleanup-.*\"}", of = "job_name", back = "30m", age = 86400
    }
    data-key-old = {
      title   = "the data key of revision tokens is old"
      runbook = "data-key-old", severity = "ERROR"
      figure  = "keyserver_data_key_created_timestamp_seconds", of = "", back = "30m", age = var.too_old_seconds.data_key
    }
    authority-unanswered = {
      title   = "a health authority gives no keys that can be learned"
      runbook = "trust.authority_keys_failed", severity = "ERROR"
      figure  = "keyserver_authority_answered_timestamp_seconds", of = "authority", back = "30m", age = var.too_old_seconds.authority
    }
    }, length(var.federation_queries) == 0 ? {} : {
    query-behind = {
      title   = "a query has not caught up with its partner"
      runbook = "federation-behind", severity = "ERROR"
      figure  = "keyserver_federation_caught_up_timestamp_seconds", of = "query", back = "30m", age = var.too_old_seconds.query
    }
    }, var.federation_host == null ? {} : {
    partner-unit-late = {
      title   = "a padded partner is not given a unit"
      runbook = "federation.units_late", severity = "CRITICAL"
      figure  = "keyserver_partner_settled_until_timestamp_seconds", of = "partner", back = "30m", age = var.too_old_seconds.partner_unit
    }
    partner-behind = {
      title   = "a partner is far behind here"
      runbook = "partner-behind", severity = "WARNING"
      figure  = "keyserver_federation_served_until_timestamp_seconds", of = "partner", back = "1d", age = var.too_old_seconds.partner
    }
  })

  # What was just configured has an old instant until its first run: hence the quarter of an hour.
  instants = merge(
    { for name, alert in local.old : name => {
      title    = alert.title
      severity = alert.severity
      runbook  = alert.runbook
      duration = "900s"
      query    = "time() - max${alert.of == "" ? "" : " by (${alert.of}) "}(last_over_time(${alert.figure}[${alert.back}])) > ${alert.age}"
    } },
    {
      # Of every instance, so the oldest. One that ended leaves its series for five minutes.
      pauses-unread = {
        title    = "an instance of publish does not know what is paused"
        severity = "CRITICAL"
        runbook  = "pauses-unread"
        duration = "900s"
        query    = "time() - min(keyserver_pauses_read_timestamp_seconds) > 60"
      }
    },
  )
}
