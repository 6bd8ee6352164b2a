#!/usr/bin/env bash
# Brings each image of images.txt to its service by digest, and gives it a growing share of the requests. When a new revision does not
# start or logs an error while it is watched, the service gets the revision back that it had, and nothing further is rolled out.
set -euo pipefail
: "${_REGION:?}" "${_STEPS:?}" "${_WATCH_SECONDS:?}" "${_SERVICES:?}"

run() { gcloud run "$@" --region "$_REGION" --quiet; }

# The one revision that has all requests; a service between two is left to a person.
serving() {
  local named
  named=$(run services describe "$1" --flatten status.traffic --format 'value(status.traffic.revisionName,status.traffic.percent)') || return 1
  named=$(awk '$2 == 100 { print $1 }' <<<"$named" | sort -u)
  [[ -n $named && $named != *$'\n'* ]] || { echo "$1 has no revision with all requests: settle that first" >&2; return 1; }
  echo "$named"
}

errors_since() {
  gcloud logging read --limit 1 --format 'value(timestamp)' \
    "resource.type=cloud_run_revision AND resource.labels.revision_name=$1 AND severity>=ERROR AND timestamp>=\"$2\""
}

# Gives the revision its shares, one after another; 1 as soon as it logs an error, or when that cannot be read.
grow() {
  local service=$1 new=$2 share since found
  for share in $_STEPS; do
    since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    run services update-traffic "$service" --to-revisions "$new=$share" || return 1
    sleep "$_WATCH_SECONDS"
    found=$(errors_since "$new" "$since") || return 1
    if [[ -n $found ]]; then
      echo "$new logged an error at $found" >&2
      return 1
    fi
    echo "$service: $share % of the requests go to $new"
  done
}

roll_out() {
  local service=keyserver-$1 image=$2 old new
  old=$(serving "$service") || return 1
  # It ends only when the new revision is ready, which asks its probe of the start.
  run services update "$service" --image "$image" --no-traffic || { echo "$service: the new revision did not start; $old goes on" >&2; return 1; }
  new=$(run services describe "$service" --format 'value(status.latestReadyRevisionName)') || return 1
  if [[ $new == "$old" ]]; then
    echo "$service: $old has this image already"
    return
  fi
  if ! grow "$service" "$new"; then
    run services update-traffic "$service" --to-revisions "$old=100"
    echo "$service: rolled back to $old" >&2
    return 1
  fi
}

for service in $_SERVICES; do
  image=$(awk -v one="$service" '$1 == one { print $2 }' images.txt)
  [[ $image == *@sha256:* ]] || { echo "images.txt has no digest of $service" >&2; exit 2; }
  roll_out "$service" "$image"
done
