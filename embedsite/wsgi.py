import os

from django.core.wsgi import get_wsgi_application

# One request makes small products, of 100 by 384 numbers: more threads than one wait longer for
# each other than they calculate, on a busy machine fifty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "embedsite.settings")
application = get_wsgi_application()
