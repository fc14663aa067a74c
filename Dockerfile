# One image for the cloud, the gateway and the simulated floor; the command chooses.
FROM node:20-bookworm-slim AS ui
WORKDIR /src
COPY cloud/ui/package.json cloud/ui/package-lock.json cloud/ui/.npmrc cloud/ui/
RUN npm --prefix cloud/ui ci --no-audit --no-fund
COPY cloud/ui cloud/ui
RUN npm --prefix cloud/ui run build

FROM python:3.11-slim-bookworm
WORKDIR /app
COPY requirements/demo.txt requirements/demo.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/demo.txt
COPY . .
COPY --from=ui /src/cloud/ui/dist cloud/ui/dist
RUN pip install --no-cache-dir --no-deps --no-build-isolation --no-index -e . \
 && useradd --uid 1000 --create-home taktline \
 && mkdir -p /data /certs/ca /certs/broker /certs/cloud /certs/gateways && chown -R taktline /data /certs
USER taktline
ENTRYPOINT ["taktline"]
