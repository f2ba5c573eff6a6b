from django.urls import path

from rag_app import views

urlpatterns = [
    path("ask/", views.ask, name="ask"),
    path("ask/c/<int:pk>/", views.box, name="box"),
    path("ask/c/<int:pk>.json", views.box_json, name="box_json"),
    path("c/<int:pk>/box/", views.box_preview, name="box_preview"),
    path("q/<uuid:pk>/", views.question, name="question"),
    path("q/<uuid:pk>/stream/", views.question_stream, name="question_stream"),
    path("q/<uuid:pk>/stop/", views.question_stop, name="question_stop"),
    path("q/<uuid:pk>/retry/", views.question_retry, name="question_retry"),
    path("q/<uuid:pk>/delete/", views.question_delete, name="question_delete"),
]
