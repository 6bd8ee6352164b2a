#!/usr/bin/env bash
# Ends with 1 when Artifact Analysis knows a critical vulnerability with a fix in an image of images.txt, or has not finished in 20 minutes.
# What is read are fields of https://docs.cloud.google.com/artifact-analysis/docs/reference/rest/v1/projects.occurrences, wherever they stand.
set -euo pipefail
waits=${SCAN_WAITS:-120}
pause=${SCAN_PAUSE:-10}

# Prints the state of the analysis, and then the name of each vulnerability that matters.
read_analysis() {
  gcloud artifacts docker images describe "$1" --show-all-metadata --format json | python3 -c '
import json, sys

def inside(value):
    yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from inside(one)

found = [one for one in inside(json.load(sys.stdin)) if isinstance(one, dict)]
print(next((one["analysisStatus"] for one in found if "analysisStatus" in one), "PENDING"))
for one in found:
    if one.get("effectiveSeverity") == "CRITICAL" and one.get("fixAvailable") is True:
        print(one.get("shortDescription", "without a name"))
'
}

while read -r service image; do
  for ((waited = 0; ; waited += 1)); do
    analysis=$(read_analysis "$image")
    state=${analysis%%$'\n'*}
    [[ $state == FINISHED_SUCCESS ]] && break
    if [[ $state == FINISHED_* ]] || ((waited >= waits)); then
      echo "$service was not scanned: $state. Is containerscanning.googleapis.com enabled?" >&2
      exit 1
    fi
    sleep "$pause"
  done
  if [[ $analysis == *$'\n'* ]]; then
    printf '%s has vulnerabilities that are mended elsewhere:\n%s\n' "$service" "${analysis#*$'\n'}" >&2
    exit 1
  fi
done <images.txt
echo 'no critical vulnerability that has a fix'
