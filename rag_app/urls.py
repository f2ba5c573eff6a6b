from django.urls import path

from rag_app import views

urlpatterns = [
    path("ask/", views.ask, name="ask"),
    path("q/<uuid:pk>/", views.question, name="question"),
    path("q/<uuid:pk>/stream/", views.question_stream, name="question_stream"),
    path("q/<uuid:pk>/stop/", views.question_stop, name="question_stop"),
    path("q/<uuid:pk>/retry/", views.question_retry, name="question_retry"),
    path("q/<uuid:pk>/delete/", views.question_delete, name="question_delete"),
]
