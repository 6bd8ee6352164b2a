#!/usr/bin/env bash
# Attests each image of images.txt with the attestor's key, which stays in Cloud KMS. Without an attestor it says so and attests nothing.
set -euo pipefail
if [[ -z ${_ATTESTOR:-} ]]; then
  echo 'nothing is attested: _ATTESTOR is empty'
  exit 0
fi
: "${_ATTESTOR_KEY:?must be the full name of a version of the Cloud KMS key of _ATTESTOR}"
while read -r service image; do
  gcloud container binauthz attestations sign-and-create --quiet \
    --artifact-url "$image" --attestor "$_ATTESTOR" --keyversion "$_ATTESTOR_KEY"
  echo "attested $service"
done <images.txt
