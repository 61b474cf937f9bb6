# The server with its page, for one node or many: everything it keeps is in /data or in PostgreSQL.

FROM node:20-bookworm-slim AS page
WORKDIR /build
# First what seldom changes: the packages stay in the builder's cache.
COPY scripts/build-page.sh scripts/pack-page.mjs scripts/
COPY web/package.json web/package-lock.json web/
RUN scripts/build-page.sh packages
# Types are made of it.
COPY protocol/schema protocol/schema
# The demo plan, which the page has too.
COPY src/demo/rails-world-2025.json src/demo/
COPY web web
RUN scripts/build-page.sh

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
# rust-toolchain.toml is left out: the image has one toolchain, and rustup would fetch another.
COPY Cargo.toml Cargo.lock build.rs ./
COPY plan plan
COPY protocol protocol
COPY migrations migrations
# Members of the workspace that are not built; cargo reads their manifests.
COPY loadtests loadtests
COPY trials trials
COPY src src
COPY --from=page /build/web/dist web/dist
# What was compiled stays in the builder's cache, not in the image, so the binary is taken out of it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --package convene --bin convene \
    && cp target/release/convene /convene

FROM debian:bookworm-slim
# For rediss:// with a public certificate; the base image has none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin convene \
    && install --directory --owner=convene --group=convene --mode=0700 /data
COPY --from=build /convene /usr/local/bin/convene
USER convene
WORKDIR /data
ENV CONVENE_LISTEN=0.0.0.0:8080 \
    CONVENE_DATA=/data
EXPOSE 8080
# SIGTERM makes it leave in order; give it more than CONVENE_LEAVE_SECONDS, CONVENE_DRAIN_SECONDS and
# half a minute before SIGKILL.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["convene", "health"]
ENTRYPOINT ["convene"]
CMD ["serve"]
