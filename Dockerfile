# One image for both processes:   docker run … ymateb          the service (`python -m service serve`)
#                                 docker run … ymateb workers run   a worker
# Built by `make image`.  The packages are those of requirements/runtime.lock, checked against its hashes by the same
# Make target that `make run` uses.

FROM python:3.11.14-slim-bookworm AS packages
# hadolint ignore=DL3008 # make is a tool of this stage only; the newest of this Debian release is right
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY Makefile ./
COPY requirements/runtime.lock requirements/
COPY scripts/venv.sh scripts/
RUN make .venv/.runtime

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data ymateb \
 && install --directory --owner=ymateb --group=ymateb --mode=0750 /data
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY LICENSE pyproject.toml ./
COPY scripts/__init__.py scripts/healthcheck.py scripts/
COPY config config
COPY migrations migrations
COPY mentions mentions
COPY service service
COPY workers workers
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    YMATEB_HOST=0.0.0.0 \
    YMATEB_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "scripts.healthcheck"]
ENTRYPOINT ["python", "-m"]
CMD ["service", "serve"]
