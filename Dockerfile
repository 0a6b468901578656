# The executable on a slim base: no shell is needed to run it, nothing is written outside /data.
#
# Build arguments: the two base images, which must be of one distribution (or the second one newer), and a mirror of
# crates.io, such as CARGO_REGISTRY_MIRROR=sparse+https://rsproxy.cn/index/
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG RUNTIME_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /build

ARG CARGO_REGISTRY_MIRROR=
# Cargo looks in every folder above the package, too: this is nobody else's file.
RUN if [ -n "${CARGO_REGISTRY_MIRROR}" ]; then \
        mkdir -p /.cargo \
        && printf '[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "%s"\n' \
            "${CARGO_REGISTRY_MIRROR}" >/.cargo/config.toml; \
    fi

# The dependencies alone, around an empty library: this layer is built again only if they change. The manifest is
# taken without its targets ([[bin]], [[bench]] and the like), whose files are not here; and the empty library is
# removed again, as Cargo goes by the files' times, which may be older than it.
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
RUN awk '/^\[/ { is_target = /^\[\[/ } !is_target' Cargo.toml >without-targets.toml \
    && mv without-targets.toml Cargo.toml \
    && mkdir src \
    && echo '//! Empty.' >src/lib.rs \
    && cargo build --release --locked --lib \
    && cargo clean --release --locked --package rongcloud-callback \
    && rm -r src

COPY . .
RUN cargo build --release --locked --bin rongcloud-callback

FROM ${RUNTIME_IMAGE}
ARG VERSION=unknown
LABEL org.opencontainers.image.title="rongcloud-callback" \
      org.opencontainers.image.description="Receives RongCloud public-account callbacks: durable before the ack, once, in order" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"

# What the platform's API is verified against.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /build/target/release/rongcloud-callback /usr/local/bin/
RUN mkdir /data && chown 10001:10001 /data

# The journal's default, sqlite:data/journal.db, is relative to this.
WORKDIR /
VOLUME /data
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# A signed probe of every app, which is answered but not handled.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["rongcloud-callback", "check", "--url"]
ENTRYPOINT ["rongcloud-callback"]
CMD ["serve"]
