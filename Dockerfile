# The sidecar alone: no shell tools of ours, no build tools, nothing that is not imported.
#   docker build -t gradewatch-sidecar .
#   docker run --read-only --user 11910 -v ./sidecar.yaml:/etc/gradewatch/sidecar.yaml:ro \
#     -v gradewatch-state:/var/lib/gradewatch -v /srv/grader:/srv/grader:ro -p 11910:11910 gradewatch-sidecar
FROM debian:bookworm-slim AS build
# The compiler and MariaDB's headers are for mysqlclient, which has no wheels and takes a tenth of PyMySQL's CPU.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-venv python3-dev gcc libc6-dev pkg-config libmariadb-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY deploy/sidecar-requirements.txt constraints.txt ./
# In exactly the versions that were tested; all but mysqlclient as wheels.
RUN python3 -m venv --without-pip /opt/gradewatch \
 && python3 -m venv /tmp/pip \
 && /tmp/pip/bin/pip --disable-pip-version-check --python /opt/gradewatch/bin/python install --no-cache-dir \
    --only-binary :all: --no-binary mysqlclient --constraint constraints.txt --requirement sidecar-requirements.txt
# Packages bring their own tests along, a quarter of everything.
RUN find /opt/gradewatch/lib -type d -name tests -prune -exec rm -rf {} +
COPY exporter/ /opt/gradewatch/app/exporter/
COPY typedyaml/ /opt/gradewatch/app/typedyaml/
# Without these the first start on a read-only file system costs five times the imports and 5 MB more, each time.
RUN /opt/gradewatch/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/gradewatch

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 libmariadb3 \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o 11910 -g 11910 -m 0750 /var/lib/gradewatch
COPY --from=build /opt/gradewatch /opt/gradewatch
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=/opt/gradewatch/app
USER 11910:11910
VOLUME /var/lib/gradewatch
EXPOSE 11910
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s CMD \
  ["/opt/gradewatch/bin/python", "-m", "exporter.health", "127.0.0.1:11910"]
ENTRYPOINT ["/opt/gradewatch/bin/python", "-m", "exporter"]
CMD ["--config", "/etc/gradewatch/sidecar.yaml"]
