from django.urls import path

from rag_app import views

urlpatterns = [
    path("ask/", views.ask, name="ask"),
    path("ask/c/<int:pk>/", views.box, name="box"),
    path("ask/c/<int:pk>.json", views.box_json, name="box_json"),
    path("c/<int:pk>/box/", views.box_preview, name="box_preview"),
    path("c/<int:pk>/cluster-names/", views.cluster_names, name="cluster_names"),
    path("c/<int:pk>/answers/", views.answer_quality, name="answer_quality"),
    path("c/<int:pk>/test-questions/", views.test_questions, name="test_questions"),
    path("c/<int:pk>/test-questions/new/", views.test_question_new, name="test_question_new"),
    path(
        "c/<int:pk>/test-questions/import/",
        views.test_questions_import,
        name="test_questions_import",
    ),
    path(
        "c/<int:pk>/test-questions/export/",
        views.test_questions_export,
        name="test_questions_export",
    ),
    path("test-questions/<int:pk>/", views.test_question, name="test_question"),
    path(
        "test-questions/<int:pk>/delete/", views.test_question_delete, name="test_question_delete"
    ),
    path("answer-evaluations/<int:pk>/", views.answer_evaluation, name="answer_evaluation"),
    path(
        "answer-evaluations/<int:pk>/state/",
        views.answer_evaluation_state,
        name="answer_evaluation_state",
    ),
    path(
        "answer-evaluations/<int:pk>/cancel/",
        views.answer_evaluation_cancel,
        name="answer_evaluation_cancel",
    ),
    path(
        "answer-evaluations/<int:pk>/delete/",
        views.answer_evaluation_delete,
        name="answer_evaluation_delete",
    ),
    path("clusters/<int:pk>/names/", views.cluster_part_names, name="cluster_part_names"),
    path("chat-models/", views.chat_model_list, name="chat_models"),
    path("chat-models/new/", views.chat_model_new, name="chat_model_new"),
    path("chat-models/<int:pk>/", views.chat_model_edit, name="chat_model_edit"),
    path("chat-models/<int:pk>/try/", views.chat_model_try, name="chat_model_try"),
    path("chat-models/<int:pk>/delete/", views.chat_model_delete, name="chat_model_delete"),
    path("q/<uuid:pk>/", views.question, name="question"),
    path("q/<uuid:pk>/follow/", views.question_follow, name="question_follow"),
    path("q/<uuid:pk>/share/", views.question_share, name="question_share"),
    path("q/<uuid:pk>/thumb/", views.question_thumb, name="question_thumb"),
    path("c/<int:pk>/prompt/", views.collection_prompt, name="collection_prompt"),
    path("q/<uuid:pk>/prompt/", views.question_prompt, name="question_prompt"),
    path("q/<uuid:pk>/conversation/", views.conversation, name="conversation"),
    path("q/<uuid:pk>/conversation/delete/", views.conversation_delete, name="conversation_delete"),
    path("q/<uuid:pk>/c/<int:number>/", views.citation, name="citation"),
    path("q/<uuid:pk>/stream/", views.question_stream, name="question_stream"),
    path("q/<uuid:pk>/stop/", views.question_stop, name="question_stop"),
    path("q/<uuid:pk>/retry/", views.question_retry, name="question_retry"),
    path("q/<uuid:pk>/delete/", views.question_delete, name="question_delete"),
]
