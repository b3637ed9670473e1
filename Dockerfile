# One image, eight commands (docker-compose.yml names them): web, stream, worker, reductions, beat, relay, intake, migrate.
# First the scripts of the pages: Node builds them and stays behind.
FROM python:3.11-slim-bookworm AS client
WORKDIR /srv/archive
COPY archive/__init__.py archive/errors.py ./archive/
COPY deploy/__init__.py ./deploy/
COPY deploy/local/__init__.py deploy/local/venvs.py deploy/local/client.py deploy/local/node-requirements.txt ./deploy/local/
COPY client ./client
RUN PIP_NO_CACHE_DIR=1 python -m deploy.local.client build

FROM python:3.11-slim-bookworm

# What GeoDjango loads: where `make run` runs, PostGIS brings the same libraries. And pg_dump and pg_restore for `backup`
# and `recover`, of the version of docker-compose.yml's server: those of Debian 12 are older, and refuse it.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgdal32 libgeos-c1v5 libproj25 ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/archive
ENV PATH=/srv/archive/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    DJANGO_SETTINGS_MODULE=settings

# The step by which `make run` makes .venv, and only what it reads: a change of our code does not install anew.
COPY requirements.txt ./
COPY archive/__init__.py archive/errors.py ./archive/
COPY deploy/__init__.py ./deploy/
COPY deploy/local/__init__.py deploy/local/venvs.py ./deploy/local/
RUN PIP_NO_CACHE_DIR=1 python -c "from deploy.local import venvs; venvs.require_archive()"

COPY . .
COPY --from=client /srv/archive/archive/static/archive/client ./archive/static/archive/client
RUN python -m compileall -q archive deploy ingest pipeline settings telemetry \
    && python manage.py collectstatic --no-input --verbosity 0 \
    && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin archive

USER archive
EXPOSE 8000 8001
CMD ["gunicorn", "settings.wsgi:application", "--preload", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "16", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-"]
