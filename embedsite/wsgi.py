import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

# One request makes small products, of 100 by 384 numbers: more threads than one wait longer for
# each other than they calculate, on a busy machine fifty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "embedsite.settings")
application = get_wsgi_application()

# A thread that a piece of an answer has come for waits this long, not 5 ms, for one that
# calculates, and again for each other that does: docs/benchmarks.md, "Asking".
sys.setswitchinterval(0.001)

# What was imported stays: the collector need not look at it again. Nor after each 700 new objects:
# a search makes thousands, all of which go with their last reference.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
