#!/usr/bin/env bash
# Builds and pushes the image of each service, and of the command line; writes "SERVICE IMAGE@DIGEST" into images.txt, a line for each.
set -euo pipefail
: "${PROJECT_ID:?}" "${_REGION:?}" "${_REPOSITORY:?}" "${_SERVICES:?}"
[[ ${_COMMIT:-} =~ ^[0-9a-f]{40}$ ]] || { echo '_COMMIT must be the 40 digits of a commit' >&2; exit 2; }
[[ ${_COMMIT_TIME:-} =~ ^[0-9]{1,10}$ ]] || { echo '_COMMIT_TIME must be seconds since 1970' >&2; exit 2; }

# One digest for all stages of all images of this build.
base=node:24.21.0-bookworm-slim
docker pull --quiet "$base" >/dev/null
node_image=$(docker inspect --format '{{index .RepoDigests 0}}' "$base")
docker buildx create --use --name keyserver --driver docker-container >/dev/null

: >images.txt
for service in $_SERVICES keyserver; do
  image="$_REGION-docker.pkg.dev/$PROJECT_ID/$_REPOSITORY/$service"
  docker buildx build . \
    --build-arg "SERVICE=$service" --build-arg "SOURCE_DATE_EPOCH=$_COMMIT_TIME" --build-arg "NODE_IMAGE=$node_image" \
    --label "org.opencontainers.image.revision=$_COMMIT" --provenance=false --metadata-file "$service.json" \
    --output "type=image,name=$image:$_COMMIT,push=true,rewrite-timestamp=true"
  digest=$(grep -o '"containerimage.digest": *"sha256:[0-9a-f]\{64\}"' "$service.json" | grep -o 'sha256:[0-9a-f]*')
  echo "$service $image@$digest" >>images.txt
done
cat images.txt
