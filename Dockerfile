# syntax=docker/dockerfile:1
# One image per service: `docker build --target gateway .` (docker-compose.yml names the targets).
# The compiler and the sources stay in the build stages; an image holds compiled files, their
# package.json and production packages. tools/check-compose.mjs checks this file without an engine.
ARG NODE_IMAGE=node:24.20-bookworm-slim

FROM ${NODE_IMAGE} AS workspace
WORKDIR /workspace

# Only the manifests, so that the installations below are cached until one of those changes.
FROM workspace AS manifests
COPY package.json package-lock.json ./
COPY apps apps
COPY libs libs
RUN find apps libs -type f ! -name package.json -delete

# No package needs its install script here: the native ones come as prebuilt platform packages.
FROM manifests AS dependencies
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM manifests AS production-dependencies
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM dependencies AS build
COPY tsconfig.base.json tsconfig.json ./
COPY apps apps
COPY libs libs
RUN node node_modules/typescript7/bin/tsc -b apps/*/tsconfig.lib.json
COPY infra/image-files.mjs infra/image-files.mjs
RUN node infra/image-files.mjs /image gateway runner approval-gate projector notifier observability

FROM ${NODE_IMAGE} AS runtime
ENV NODE_ENV=production
WORKDIR /app
COPY --from=production-dependencies /workspace/node_modules node_modules
COPY infra/ready.mjs infra/ready.mjs
# No account of the base image, so that no person of the host has the same number.
USER 10001:10001

FROM runtime AS gateway
COPY --from=build /image/gateway ./
CMD ["node", "--enable-source-maps", "apps/gateway/dist/main.js"]

FROM runtime AS runner
COPY --from=build /image/runner ./
CMD ["node", "--enable-source-maps", "apps/runner/dist/main.js"]

FROM runtime AS approval-gate
COPY --from=build /image/approval-gate ./
CMD ["node", "--enable-source-maps", "apps/approval-gate/dist/main.js"]

FROM runtime AS projector
COPY --from=build /image/projector ./
CMD ["node", "--enable-source-maps", "apps/projector/dist/main.js"]

# The same image with another command: brings the database to the schema that this version needs, and ends.
FROM projector AS migrate
CMD ["node", "--enable-source-maps", "apps/projector/dist/migrate.cli.js"]

FROM runtime AS notifier
COPY --from=build /image/notifier ./
CMD ["node", "--enable-source-maps", "apps/notifier/dist/main.js"]

FROM runtime AS observability
COPY --from=build /image/observability ./
# Answers are large beside what it keeps: a larger young generation drops them before they are moved (docs/decisions/heap-growth.md).
CMD ["node", "--enable-source-maps", "--max-semi-space-size=32", "apps/observability/dist/main.js"]
