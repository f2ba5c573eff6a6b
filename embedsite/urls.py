from django.contrib import admin
from django.urls import path

from embedsite.health import Health

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/", Health.as_view(), name="health"),
]
