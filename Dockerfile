# One image for each service: docker build --build-arg SERVICE=publish --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" .
# SERVICE is a folder of services/, or keyserver for the command line. cloudbuild.yaml gives NODE_IMAGE by its digest.
# `npm run image:check` performs exactly these steps without a container engine, so RUN names no absolute path.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# The same for all services: what the lock file names, and everything compiled.
FROM ${NODE_IMAGE} AS compiled
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY libs libs
COPY services services
COPY tools tools
COPY test/stand-ins test/stand-ins
RUN npm ci --omit=optional
RUN node_modules/.bin/tsc --build services/*/tsconfig.json tools/keyserver/tsconfig.json

# What one service reaches by its dependencies, without those of development, and the list of it (CycloneDX).
FROM compiled AS assembled
ARG SERVICE
ARG SOURCE_DATE_EPOCH
RUN node tools/image/src/assemble.ts "$SERVICE" ../app "$SOURCE_DATE_EPOCH"

# The compile cache goes by the user's number, so the user of the last stage fills it.
FROM ${NODE_IMAGE} AS warmed
WORKDIR /app
COPY --from=assembled --chown=node:node /app ./
ARG SOURCE_DATE_EPOCH
USER node
RUN node --random-seed=1 --predictable warm.js compile-cache "$SOURCE_DATE_EPOCH"

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
ENV NODE_COMPILE_CACHE=/app/compile-cache
ENV HOST=0.0.0.0
WORKDIR /app
COPY --from=warmed --chown=0:0 /app ./
USER node
EXPOSE 8080
ENTRYPOINT ["node", "main.js"]
