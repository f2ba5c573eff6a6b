from django.urls import path

from search_app import views

urlpatterns = [
    path("search/", views.search, name="search"),
    path("d/<int:pk>/", views.document, name="document"),
    path("d/<int:pk>/state/", views.document_state, name="document_state"),
    path("c/<int:pk>/clusters/", views.clusters, name="clusters"),
    path("c/<int:pk>/clusters/state/", views.clusters_state, name="clusters_state"),
    path("c/<int:pk>/pairs/", views.pairs, name="pairs"),
    path("c/<int:pk>/model/", views.model_change, name="model_change"),
    path("c/<int:pk>/model/progress/", views.model_change_progress, name="model_change_progress"),
    path("c/<int:pk>/model/<slug:action>/", views.model_change_action, name="model_change_action"),
    path("c/<int:pk>/reindex/<slug:job>/", views.reindex, name="reindex"),
    path("clusters/<int:pk>/", views.cluster, name="cluster"),
    path("related/<int:pk>/", views.related_widget, name="related_widget"),
    path("related/<int:pk>.json", views.related_json, name="related_json"),
]
