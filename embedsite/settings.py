"""Settings, read from the environment (and `.env`). docs/settings.md lists each one."""

from ipaddress import ip_network
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from environs import Env, validate
from kombu import Queue
from psycopg.conninfo import conninfo_to_dict

from embedsite.servers import paths as servers

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

# A value that makes no sense stops every process at its start, with the variable's name.
POSITIVE = validate.Range(min=1)
COUNT = validate.Range(min=0)
RATE = validate.Regexp(r"^\d+/(s|sec|second|m|min|minute|h|hour|d|day)$", error="Such as: 30/min.")
CURRENCIES = validate.Regexp(r"^[^\d\s<>&\"']{1,8}\Z", error="Such as: USD, EUR or TWD.")
LEVELS = validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
SECURITY = validate.OneOf(["starttls", "tls", "none"])
ENGINES = validate.OneOf(["auto", "openvino", "onnxruntime", "torch"])


def NETWORKS(values: list[str]) -> None:  # noqa: N802 - beside the others
    """Such as: 10.0.0.0/8,fd00::/8."""
    for value in values:
        ip_network(value)  # a ValueError names what is wrong


# --- where things live -------------------------------------------------------------
VAR_DIR = Path(env.str("EMBEDSITE_VAR", "") or BASE_DIR / "var").resolve()
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", "") or VAR_DIR / "media")
MODELS_DIR = Path(env.str("MODELS_DIR", "") or VAR_DIR / "models")
STATIC_ROOT = VAR_DIR / "static"

# --- safety ------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or servers.secret(VAR_DIR, "secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
HTTPS = env.bool("HTTPS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
if env.bool("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "embedsite.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- what the site is made of ------------------------------------------------------
INSTALLED_APPS = [
    "embedsite",
    "rag_app",
    "search_app",
    "collections_app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "health_check",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "embedsite.errors.DatabaseAway",
]
ROOT_URLCONF = "embedsite.urls"
WSGI_APPLICATION = "embedsite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- database, queue, cache --------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", "")
REDIS_URL = env.str("REDIS_URL", "") or servers.redis_url(VAR_DIR)
EMBEDDED_POSTGRES = not DATABASE_URL
EMBEDDED_REDIS = not env.str("REDIS_URL", "")
DATABASES = {
    "default": dj_database_url.parse(DATABASE_URL, conn_max_age=600, conn_health_checks=True)
    if DATABASE_URL
    else servers.database(VAR_DIR)
}
# Any other stays what it is: a check says that it will not do.
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "embedsite.postgres"
# How typed SQL is run: by a role that reads a schema of views; empty where there is none.
SQL_DATABASE_URL = env.str("SQL_DATABASE_URL", "")
SQL_READER: dict[str, str] = {}
if SQL_DATABASE_URL:
    SQL_READER = conninfo_to_dict(SQL_DATABASE_URL)  # type: ignore[assignment]
elif EMBEDDED_POSTGRES:
    SQL_READER = servers.reader(VAR_DIR)
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
# Throttles count in it: room enough that no flood pushes a count out.
_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {"default": {"BACKEND": _MEMORY, "OPTIONS": {"MAX_ENTRIES": 100_000}}}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "visibility_timeout": 3600,
    "max_retries": 0,  # a wake-up to a dead broker fails at once; the sweep makes up for it
}
# What somebody waits for in front of a page has a queue, and in the runner a worker, of its own:
# an import may keep the others busy for hours. A worker that is told no queue serves both.
CELERY_TASK_QUEUES = [Queue("celery", routing_key="celery"), Queue("urgent", routing_key="urgent")]
CELERY_TASK_ROUTES = {
    f"collections_app.tasks.{name}": {"queue": "urgent", "routing_key": "urgent"}
    for name in ("probe_models", "change_models")
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_PUBLISH_RETRY = False

# --- files from npm and our own, served by WhiteNoise ------------------------------
STATIC_URL = "static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- logs: one line each to standard error, which the supervisor or the container keeps ---
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO", validate=LEVELS)},
    "loggers": {
        "django": {"level": "INFO"},
        "httpx": {"level": "WARNING"},  # it tells each request, with the server's address
        "mcp": {"level": "WARNING"},  # it tells each request's beginning and end
        "health_check": {"level": "ERROR"},  # a 503 says it all; not each with a traceback
    },
}

# --- language ----------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hant", "繁體中文")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LOCALE_PATHS = [BASE_DIR / "embedsite" / "locale"]
FORMAT_MODULE_PATH = "embedsite.formats"
TIME_ZONE = "UTC"

# --- REST API ----------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "collections_app.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["collections_app.tokens.ScopePermission"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "collections_app.problems.problem_details",
    "DEFAULT_RENDERER_CLASSES": ["collections_app.renderers.AnyTextJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["collections_app.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "collections_app.pagination.ByIdPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_THROTTLE_RATES": {  # per process; of visitors only: search, suggest
        "search": env.str("THROTTLE_SEARCH", "120/min", validate=RATE),
        "suggest": env.str("THROTTLE_SUGGEST", "600/min", validate=RATE),
        "ask": env.str("THROTTLE_ASK", "30/min", validate=RATE),
        "box": env.str("THROTTLE_BOX", "10/min", validate=RATE),
        "embed": env.str("THROTTLE_EMBED", "300/min", validate=RATE),
    },
    # Without a proxy of ours X-Forwarded-For is the client's word: count by its address.
    "NUM_PROXIES": 1 if env.bool("BEHIND_PROXY", False) else 0,
}

# Other sites may read public content with a visitor's rights: cookies are never taken. Related
# lists (`search_app.views.widget`) answer the sites that their collection names.
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]

# --- limits ------------------------------------------------------------------------
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", 50 * 1024 * 1024, validate=POSITIVE)  # one file
MAX_TEXT_CHARS = env.int("MAX_TEXT_CHARS", 5_000_000, validate=POSITIVE)  # one document's text
EXTRACT_MEMORY_MB = env.int("EXTRACT_MEMORY_MB", 512, validate=validate.Range(min=256))
EXTRACT_SECONDS = env.int("EXTRACT_SECONDS", 60, validate=POSITIVE)  # reading one file
MAX_FILES_PER_UPLOAD = env.int("MAX_FILES_PER_UPLOAD", 500, validate=POSITIVE)  # one request
QUOTA_BYTES = env.int("QUOTA_BYTES", 0, validate=COUNT)  # of one user; 0: no limit
QUOTA_DOCUMENTS = env.int("QUOTA_DOCUMENTS", 0, validate=COUNT)
MAX_QUESTION_CHARS = env.int("MAX_QUESTION_CHARS", 4_000, validate=POSITIVE)
MAX_QUERY_CHARS = env.int("MAX_QUERY_CHARS", 2_000, validate=POSITIVE)
DATA_UPLOAD_MAX_NUMBER_FILES = MAX_FILES_PER_UPLOAD
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# --- embedding and answering -------------------------------------------------------
LEASE_SECONDS = env.int("LEASE_SECONDS", 120, validate=POSITIVE)
MAX_ATTEMPTS = env.int("MAX_ATTEMPTS", 3, validate=POSITIVE)
EMBED_BATCH_TOKENS = env.int("EMBED_BATCH_TOKENS", 2048, validate=POSITIVE)
EMBED_ENGINE = env.str("EMBED_ENGINE", "auto", validate=ENGINES)
EMBED_TIMEOUT_SECONDS = env.float("EMBED_TIMEOUT_SECONDS", 60.0, validate=POSITIVE)
EMBED_QUERY_SECONDS = env.float("EMBED_QUERY_SECONDS", 3.0, validate=validate.Range(min=0.1))
RERANKER = env.str("RERANKER", "")  # a cross-encoder: a folder, package:NAME or hub name
RERANK_DEPTH = env.int("RERANK_DEPTH", 30, validate=validate.Range(min=20, max=50))
ENTAILMENT_MODEL = env.str("ENTAILMENT_MODEL", "")  # likewise, of natural language inference
HNSW_THRESHOLD = env.int("HNSW_THRESHOLD", 5_000, validate=POSITIVE)  # passages
CURRENCY = env.str("CURRENCY", "USD", validate=CURRENCIES)  # of prices and costs
OLD_VECTORS_DAYS = env.int("OLD_VECTORS_DAYS", 14, validate=COUNT)  # after a switch; 0: until told
CHAT_BASE_URL = env.str("CHAT_BASE_URL", "")
CHAT_MODEL = env.str("CHAT_MODEL", "")
CHAT_API_KEY = env.str("CHAT_API_KEY", "")
CHAT_TIMEOUT_SECONDS = env.float("CHAT_TIMEOUT_SECONDS", 60.0, validate=POSITIVE)
ANSWERS_AT_ONCE = env.int("ANSWERS_AT_ONCE", 50, validate=POSITIVE)
CHAT_CONTEXT_TOKENS = env.int("CHAT_CONTEXT_TOKENS", 3000, validate=POSITIVE)

# --- e-mail: off where there is no server -------------------------------------------
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 587, validate=POSITIVE)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_SECURITY = env.str("EMAIL_SECURITY", "starttls", validate=SECURITY)
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SECURITY == "starttls", EMAIL_SECURITY == "tls"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "embedsite@localhost")
SITE_URL = env.str("SITE_URL", "")  # for links in e-mails

# --- sources: folders, and what may be fetched ---------------------------------------
SOURCE_ROOTS: list[str] = env.list("SOURCE_ROOTS", [])  # folders on the server
SOURCE_RUNS = env.int("SOURCE_RUNS", 1, validate=POSITIVE)  # at work at once
SECRETS_KEY = env.str("SECRETS_KEY", "")
FETCH_ALLOWED_NETWORKS: list[str] = env.list("FETCH_ALLOWED_NETWORKS", [], validate=NETWORKS)
FETCH_ALLOWED_PORTS: list[int] = env.list("FETCH_ALLOWED_PORTS", [], subcast=int)
FETCH_TIMEOUT_SECONDS = env.float("FETCH_TIMEOUT_SECONDS", 60.0, validate=POSITIVE)
FETCH_DELAY_SECONDS = env.float("FETCH_DELAY_SECONDS", 1.0, validate=COUNT)

SPECTACULAR_SETTINGS = {
    "TITLE": "embedsite",
    "DESCRIPTION": _("Put content into collections; search, relate, cluster and ask it."),
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/",
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "EmbeddingModelBackend": "collections_app.models.EmbeddingModel.Backend",
        "EmbeddingModelState": "collections_app.models.EmbeddingModel.State",
        "ProbeState": "collections_app.models.Probe.State",
        "TextKind": "collections_app.serializers.embedding.TEXT_KINDS",
        "DocumentState": "collections_app.models.Document.State",
        "AnswerState": "rag_app.models.Answer.State",
        "AnswerKind": "rag_app.models.Answer.Kind",
        "WishState": "search_app.models.Wish.State",
        "ClusteringMethod": "search_app.models.Clustering.Method",
        "MapMethod": "search_app.models.CollectionMap.Method",
        "EvaluationKind": "search_app.models.Evaluation.Kind",
        "EvaluationAskedFor": "search_app.serializers.quality.ASKED_FOR",
        "SavedQueryVisibility": "search_app.models.SavedQuery.Visibility",
        "CollectionVisibility": "collections_app.models.Collection.Visibility",
        "JudgedQuerySource": "search_app.models.JudgedQuery.Source",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "collections_app.openapi.add_problems",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
}
