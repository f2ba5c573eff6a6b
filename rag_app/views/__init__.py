"""Pages: the question box, here and on other sites, and a question with its answer."""

from rag_app.views.answer_quality import (
    answer_evaluation,
    answer_evaluation_cancel,
    answer_evaluation_delete,
    answer_evaluation_state,
    answer_quality,
)
from rag_app.views.asking import ask
from rag_app.views.box import box, box_json
from rag_app.views.box_preview import box_preview
from rag_app.views.chat_models import (
    chat_model_delete,
    chat_model_edit,
    chat_model_list,
    chat_model_new,
    chat_model_try,
)
from rag_app.views.citations import citation
from rag_app.views.cluster_names import cluster_names, cluster_part_names
from rag_app.views.conversations import conversation, conversation_delete, question_follow
from rag_app.views.known_questions import (
    test_question,
    test_question_delete,
    test_question_new,
    test_questions,
    test_questions_export,
    test_questions_import,
)
from rag_app.views.questions import (
    question,
    question_delete,
    question_prompt,
    question_retry,
    question_share,
    question_stop,
    question_stream,
    question_thumb,
)
from rag_app.views.templates import collection_prompt

__all__ = [
    "answer_evaluation",
    "answer_evaluation_cancel",
    "answer_evaluation_delete",
    "answer_evaluation_state",
    "answer_quality",
    "ask",
    "box",
    "box_json",
    "box_preview",
    "chat_model_delete",
    "chat_model_edit",
    "chat_model_list",
    "chat_model_new",
    "chat_model_try",
    "citation",
    "cluster_names",
    "cluster_part_names",
    "collection_prompt",
    "conversation",
    "conversation_delete",
    "question",
    "question_delete",
    "question_follow",
    "question_prompt",
    "question_retry",
    "question_share",
    "question_stop",
    "question_stream",
    "question_thumb",
    "test_question",
    "test_question_delete",
    "test_question_new",
    "test_questions",
    "test_questions_export",
    "test_questions_import",
]
