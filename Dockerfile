# The operator's image: controller, runner and mover are one program. The base brings node, sh, find, xargs and
# sha256sum; the test cluster passes one it makes itself where no registry can be reached.
ARG BASE=node:26-bookworm-slim

# Packages are installed again only when the lock file changes. Behind a TLS-inspecting proxy the build is given the
# machine's certificates and npm settings as secrets, which stay out of the image.
FROM ${BASE} AS modules
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=secret,id=certificates --mount=type=secret,id=npmrc \
    if [ -s /run/secrets/certificates ]; then \
      export NODE_EXTRA_CA_CERTS=/run/secrets/certificates npm_config_cafile=/run/secrets/certificates; \
    fi; \
    if [ -s /run/secrets/npmrc ]; then export npm_config_userconfig=/run/secrets/npmrc; fi; \
    npm ci --no-audit --no-fund --loglevel=error && npm cache clean --force --loglevel=error

FROM modules AS built
COPY src src
RUN npm run build

# The program is bundled. Of the packages stay the one that is not (it brings libraries for each machine), and what all of them
# are licensed by.
FROM modules AS production
RUN npm prune --omit=dev --no-audit --no-fund --loglevel=error \
    && rm -rf node_modules/node-linux-* node_modules/.bin \
    && find node_modules -type f ! -path 'node_modules/koffi/*' ! -path 'node_modules/@koromix/*' \
       ! -iname '*licen[cs]e*' ! -iname 'notice*' -delete \
    && find node_modules -type d -empty -delete

FROM ${BASE} AS program
# Objects that live shortly are collected in small steps: left to itself, the heap grows by tens of megabytes of them.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4
WORKDIR /app
COPY --from=production /app/node_modules node_modules
COPY package.json LICENSE ./
COPY --from=built /app/build build

# Pods cannot write to the image, and would compile the whole program at every start: so what a run compiles is part of it.
# Node keeps that by user: movers that read volumes are root, everything else is 65532. The last mover ends for lack of
# credentials, with all that S3 needs loaded.
FROM program AS compiled
RUN export HOLDFAST_PASSWORD=none repository=file:///tmp/repository; \
    holdfast() { node build/program/main.js "$@" >/dev/null; }; \
    mover() { holdfast mover "$@" --repository "$repository"; }; \
    mover backup --source build && mover backup --source build && mover check --read-data && mover snapshots \
    && mover restore --snapshot latest --target /tmp/restored --verify && mover forget --keep-last 1 --prune \
    && { repository=s3://none/none mover snapshots 2>/dev/null || true; } \
    && holdfast runner --help && holdfast controller --help \
    && cd build/compile-cache && for own in *-0; do ln -s "$own" "${own%-0}-65532"; done && chmod -R a+rX .

FROM program
USER 65532:65532
ENTRYPOINT ["node", "/app/build/program/main.js"]
COPY --from=compiled /app/build/compile-cache build/compile-cache
