from django.urls import path

from collections_app import views

urlpatterns = [
    path("c/", views.collection_list, name="collections"),
    path("c/new/", views.collection_new, name="collection_new"),
    path("c/<int:pk>/", views.collection, name="collection"),
    path("c/<int:pk>/edit/", views.collection_edit, name="collection_edit"),
    path("c/<int:pk>/delete/", views.collection_delete, name="collection_delete"),
    path("c/<int:pk>/progress/", views.collection_progress, name="collection_progress"),
    path("c/<int:pk>/retry/", views.collection_retry, name="collection_retry"),
    path("c/<int:pk>/pause/", views.collection_pause, name="collection_pause"),
    path("c/<int:pk>/resume/", views.collection_resume, name="collection_resume"),
    path("c/<int:pk>/cancel/", views.collection_cancel, name="collection_cancel"),
    path("c/<int:pk>/reembed/", views.collection_reembed, name="collection_reembed"),
    path("c/<int:pk>/add/", views.content_add, name="documents_add"),
    path("c/<int:pk>/paste/", views.text_add, name="text_add"),
    path("d/<int:pk>/edit/", views.document_edit, name="document_edit"),
    path("d/<int:pk>/delete/", views.document_delete, name="document_delete"),
    path("d/<int:pk>/retry/", views.document_retry, name="document_retry"),
    path("d/<int:pk>/reembed/", views.document_reembed, name="document_reembed"),
    path("d/<int:pk>/file/", views.document_file, name="document_file"),
    path("d/<int:pk>/picture/", views.document_picture, name="document_picture"),
    path("d/<int:pk>/thumbnail/", views.document_thumbnail, name="document_thumbnail"),
    path("account/tokens/", views.tokens, name="tokens"),
    path("account/tokens/<int:pk>/revoke/", views.token_revoke, name="token_revoke"),
]
