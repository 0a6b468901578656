# The executable on a slim base: no shell is needed to run it, nothing is written outside /data.
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG RUNTIME_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /build

# The dependencies alone, around an empty crate: this layer is built again only if they change.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src/bin/rongcloud-callback benches \
    && touch src/lib.rs benches/accept.rs benches/overload.rs benches/rules.rs \
    && echo 'fn main() {}' > src/bin/rongcloud-callback/main.rs \
    && cargo build --release --locked --bin rongcloud-callback \
    && rm -r src

COPY README.md ./
COPY config/callback.toml config/
COPY src src
# Cargo goes by the files' times, and these may be older than the empty crate's.
RUN find src -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --bin rongcloud-callback

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
